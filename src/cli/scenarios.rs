//! Where scenario files come from, the disk or the binary itself, and `seatrial scenarios`, which lists those of the binary.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::cli::files::{self, Unread};
use crate::cli::{Exit, complain, say};
use crate::scenario::{self, Diagnostic, Found, Include, built_in};

/// Why a scenario cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScenarioError {
    /// The disk says no.
    #[error(transparent)]
    Read(#[from] Unread),
    /// It is neither a file nor built in.
    #[error("`{name}` is neither a file nor a built-in scenario\nhelp: {help}")]
    Missing {
        /// What was asked for.
        name: String,
        /// What there is.
        help: String,
    },
}

/// Lists the built-in scenarios with what they do, or prints the one that is asked for.
pub(super) fn run(show: Option<&str>) -> Exit {
    let Some(name) = show else {
        let wide = built_in::all().map(|(name, _)| name.len()).max().unwrap_or_default();
        let rows = built_in::all().map(|(name, text)| format!("{name:wide$}  {}", built_in::description(text)));
        say(&rows.collect::<Vec<_>>().join("\n"));
        return Exit::Fine;
    };
    match built_in::named(name) {
        Some(text) => {
            say(&text.trim_end());
            Exit::Fine
        }
        None => complain(&format_args!("there is no built-in scenario `{name}`\nhelp: {}", built_in::help(name)), Exit::Usage),
    }
}

/// A scenario's name for diagnostics, and its text. A path that is no file may be the name of a built-in one.
pub(super) fn read(path: &Path) -> Result<(String, Vec<u8>), ScenarioError> {
    let name = path.to_string_lossy().into_owned();
    match files::document(path) {
        Ok(bytes) => Ok((name, bytes)),
        Err(source) => match built_in::file(&name) {
            Some(found) => Ok((found.name, found.bytes)),
            None if source.kind() == io::ErrorKind::NotFound => {
                // What looks like the path of a file is meant as one.
                let is_path = name.contains(['/', '\\', '.']);
                let help = if is_path && built_in::near(&name).is_none() { files::help(path) } else { built_in::help(&name) };
                Err(ScenarioError::Missing { help, name })
            }
            None => Err(Unread::new(path, source).into()),
        },
    }
}

/// A file's name for diagnostics, and its bytes.
pub(super) fn read_file(path: &Path) -> Result<(String, Vec<u8>), ScenarioError> {
    let read = files::document(path).map(|bytes| (path.to_string_lossy().into_owned(), bytes));
    Ok(read.map_err(|source| Unread::new(path, source))?)
}

/// Files of a scenario, with all that they include.
pub(super) struct Gathered {
    /// What the text is known by.
    pub name: String,
    /// The text, or what is wrong with that which the files include.
    pub text: Result<String, Vec<Diagnostic>>,
    /// The text without what cannot be included, if there is such.
    pub most: String,
    /// The files that it comes from, also those that could not be read.
    pub files: Vec<PathBuf>,
}

/// Reads files, in order, and what they include: files by their paths from the folder of the one that includes, or built-in scenarios.
pub(super) fn gather(paths: &[PathBuf]) -> Result<Gathered, ScenarioError> {
    let read = paths.iter().map(|path| Ok((path.clone(), read(path)?)));
    Ok(gather_read(read.collect::<Result<_, ScenarioError>>()?))
}

/// The same of files that were read already, as pipes can be but once: each with its name for diagnostics and its text.
pub(super) fn gather_read(read: Vec<(PathBuf, (String, Vec<u8>))>) -> Gathered {
    let mut files: Vec<PathBuf> = read.iter().map(|(path, _)| path.clone()).collect();
    let named: Vec<Found> = read.into_iter().map(|(path, (name, bytes))| Found { id: id(&path, &name), name, bytes }).collect();
    let name = named.iter().map(|found| found.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut find = |Include { path: written, by, name }: Include<'_>| {
        let path = Path::new(by).parent().map_or_else(|| PathBuf::from(written), |folder| folder.join(written));
        files.push(path.clone());
        match files::regular_document(&path) {
            Ok(bytes) => Ok(Found { id: id(&path, &name), name, bytes }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    return Err(error.to_string());
                }
                if let Some(found) = built_in::file(written) {
                    return Ok(found);
                }
                let word = path.file_name().unwrap_or_default().to_string_lossy();
                let near = match (files::near(&path), built_in::near(written).or_else(|| built_in::near(&word))) {
                    (Some(near), _) => format!("; did you mean `{near}`?"),
                    (None, Some(name)) => format!("; did you mean the built-in `{name}`?"),
                    (None, None) => String::new(),
                };
                Err(format!("there is neither such a file nor a built-in scenario{near}"))
            }
        }
    };
    let (most, problems) = scenario::gather_most(named, &mut find);
    let (text, most) = if problems.is_empty() { (Ok(most), String::new()) } else { (Err(problems), most) };
    Gathered { name, text, most, files }
}

/// The same for every path to a file; the name of what is built in.
fn id(path: &Path, name: &str) -> String {
    fs::canonicalize(path).map_or_else(|_| name.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Every scenario file of a path: itself, or all `*.yaml`, `*.yml` and `*.json` below it, in order.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, ScenarioError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |source| Unread::new(path, source);
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path).and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect()).map_err(failed)?;
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        // A link to a folder may lead back to this one.
        if entry.is_dir() && !entry.is_symlink() {
            found.extend(files(&entry)?);
        } else if !is_stream(&entry)
            && entry.extension().is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "json")
        {
            found.push(entry);
        }
    }
    Ok(found)
}

/// Whether a path leads to a pipe or a device.
pub(super) fn is_stream(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}
