//! The integration tests, in one binary: each further one would link everything again.

mod conversation;
mod conversations;
mod diagnostics;
mod documents;
mod matching;
