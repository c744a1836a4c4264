//! File systems that are mounted for one test.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system; it is gone when this value is.
pub struct Mount(PathBuf);

impl Mount {
    pub fn new(at: &Path, options: &[&str]) -> Mount {
        std::fs::create_dir_all(at).expect("the world is writable");
        ok(Command::new("mount").args(options).arg(at));
        Mount(at.to_owned())
    }

    /// Mounts a disk of that many bytes: a new ext4 from a file at `image`, with nothing kept in reserve for root. Where there
    /// are no loop devices, as in many containers, it is a tmpfs.
    pub fn disk(at: &Path, image: &Path, bytes: u64) -> Mount {
        let has_loop = Command::new("losetup").arg("-f").output().is_ok_and(|output| output.status.success());
        if !has_loop {
            eprintln!("no loop device: the disk is a tmpfs");
            return Mount::new(at, &["-t", "tmpfs", "-o", &format!("size={bytes},mode=700"), "none"]);
        }
        std::fs::File::create(image).and_then(|file| file.set_len(bytes)).expect("the world is writable");
        ok(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0", "-O", "^has_journal"]).arg(image));
        Mount::new(at, &["-o", "loop", &image.display().to_string()])
    }

    pub fn change(&self, options: &str) {
        ok(Command::new("mount").args(["-o", options]).arg(&self.0));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn ok(command: &mut Command) {
    let output = command.output().expect("root's tools are there");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
