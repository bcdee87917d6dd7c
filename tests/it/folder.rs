//! Files of a test, and what a command of `seatrial contract` says of them.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::process::{run, text};

/// A folder of a test's own, which is gone after it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("seatrial-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    pub fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Self::new(name);
        files.iter().for_each(|(name, text)| drop(folder.put(name, text)));
        folder
    }

    pub fn path(&self) -> &str {
        self.0.to_str().expect("a UTF-8 path")
    }

    /// Writes a file; its path.
    pub fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).expect("the folder takes files");
        path.to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The exit code of a command of `seatrial contract`, and its report in JSON.
pub fn contract(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = run(&[&["contract"], arguments, &["--format", "json"]].concat());
    let report = serde_json::from_slice(&output.stdout);
    (output.status.code(), report.unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr))))
}
