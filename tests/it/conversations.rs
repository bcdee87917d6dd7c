//! Every file of `tests/vendors/<v>/` is a test: a story told in calls and answers.
//!
//! `CONVERSATION=part-of-a-path cargo test conversations` runs only the files whose path contains that text.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::conversation;

#[test]
fn conversations_go_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors");
    let wanted = env::var("CONVERSATION").unwrap_or_default();
    let mut files: Vec<PathBuf> = folder(&root).iter().flat_map(|vendor| folder(vendor)).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml") && file.to_string_lossy().contains(&wanted));
    files.sort();
    assert!(!files.is_empty(), "no conversation matches `{wanted}`");
    let failures: Vec<String> = files.iter().filter_map(|file| conversation::run(file).err()).collect();
    assert!(failures.is_empty(), "{} of {} conversations failed\n\n{}", failures.len(), files.len(), failures.join("\n\n"));
}

fn folder(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.map(|entry| entry.expect("a folder can be listed").path()).collect()
}
