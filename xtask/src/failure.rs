//! Why a chore stopped, in words for the person who ran it.

use std::{fmt, io};

#[derive(Debug)]
pub enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// The machine lacks something that the chore cannot install itself.
    Missing { what: String, help: String },
    /// One or more checks said no; they have printed why.
    Checks(Vec<String>),
    /// A program or a server did not do what the chore relies on.
    Unexpected(String),
    /// The operating system refused.
    Io { doing: String, source: io::Error },
}

impl Failure {
    /// For `map_err`: names what was being done when the operating system refused.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Unexpected(text) => f.write_str(text),
            Self::Missing { what, help } => write!(f, "{what} is missing\nhelp: {help}"),
            Self::Checks(names) => write!(f, "failed: {}", names.join(", ")),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
        }
    }
}

impl std::error::Error for Failure {}
