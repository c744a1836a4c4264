//! The script that builds the image.
//!
//! Invariant: pure. Names were held to characters that a shell takes literally.

use super::project::Project;

const TEMPLATE: &str = include_str!("build.sh");

/// Renders the script.
pub fn render(project: &Project) -> String {
    TEMPLATE.replace("@DOCKERFILE@", &project.names.dockerfile).replace("@IMAGE@", &project.image)
}
