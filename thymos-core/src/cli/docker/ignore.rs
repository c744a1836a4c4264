//! What stays out of the build's context.
//!
//! Invariant: pure, and additive: the lines of a file that is there stay, and what is missing comes after them. Nothing that a
//! build may read is ignored: no Markdown, which `include_str!` takes into documentation, and no `target` below the root,
//! which may be a module.

use super::project::Project;

const HEADING: &str = "# Added by `thymos docker`: what a build does not read must not make it run again.";
/// For editors, services and secrets; none is a file that Cargo or a build script would look for.
const ALWAYS: [&str; 9] = [
    ".cargo/*.local.toml",
    ".dockerignore",
    ".env",
    ".env.*",
    ".github",
    ".gitlab-ci.yml",
    ".idea",
    ".vscode",
    "**/node_modules",
];

/// Renders the file over the text that is there.
pub fn render(project: &Project, there: &str) -> String {
    let missing: Vec<String> = lines(project).into_iter().filter(|line| !has(there, line)).collect();
    if missing.is_empty() {
        return there.to_owned();
    }
    let gap = if there.is_empty() {
        ""
    } else if there.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let heading = if there.contains(HEADING) { String::new() } else { format!("{gap}{HEADING}\n") };
    let ending = if heading.is_empty() && !there.ends_with('\n') { "\n" } else { "" };
    format!("{there}{ending}{heading}{}\n", missing.join("\n"))
}

fn lines(project: &Project) -> Vec<String> {
    let names = &project.names;
    let mut lines: Vec<String> = ALWAYS.map(str::to_owned).to_vec();
    lines.extend([&names.dockerfile, &names.compose, &names.script].map(Clone::clone));
    lines.extend(project.outputs.clone());
    if project.needs.git.is_none() {
        lines.push(".git".to_owned());
    }
    lines.sort();
    lines
}

/// Returns whether a line is there, or its opposite, which is a person's decision.
fn has(text: &str, line: &str) -> bool {
    let bare = |it: &str| it.trim().trim_start_matches('/').trim_end_matches('/').to_owned();
    text.lines().map(bare).any(|it| it == line || it.strip_prefix('!').map(bare).as_deref() == Some(line))
}
