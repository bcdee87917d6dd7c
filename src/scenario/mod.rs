//! Scenario files: how a sandbox differs from the default one, in YAML.
//!
//! ```text
//! text ──node──▶ tree with positions ──parse──▶ ast::Scenario ──check──▶ bound to a world
//!        │                            │                        │
//!        └──────────── error: all problems, as a compiler shows them
//! ```
//!
//! [`load`] does all of it. [`expr`] is the language of `when`, `expect` and templates; [`template`] fills in answers written by hand;
//! [`schema`] tells editors what a file may hold.
//!
//! **Invariant:** reading never stops at the first problem, and never panics, whatever the bytes. Its cost is bounded by the size of the
//! text: no tag is executed, no alias expands beyond a fixed number of values, no expression runs beyond a fixed number of steps.

mod advice;
pub mod ast;
pub mod built_in;
pub mod check;
pub mod codes;
mod combine;
pub mod conversation;
pub mod error;
pub mod examples;
pub mod explain;
pub mod expr;
mod facts;
mod gather;
mod index;
pub mod matching;
mod need;
mod node;
pub mod openapi;
mod parse;
pub mod reference;
pub mod run;
pub mod schema;
pub mod shape;
pub mod story;
pub mod template;
mod types;
pub mod verify;
mod vocabulary;

pub use self::advice::{advice, lint, lint_conversation, lint_most};
pub use self::ast::Scenario;
pub use self::check::{Vocabulary, check};
pub use self::codes::{CODES, explain};
pub use self::error::{Diagnostic, DiagnosticView};
pub use self::gather::{Found, Include, gather, gather_most};
pub use self::parse::{
    API_VERSION, Body, KIND, ReadBody, body, conversation as load_conversation, excess, is_conversation, load, load_bytes, load_override,
    parse, sent_conversation as load_sent_conversation, whole, yaml,
};
pub use self::story::Story;

/// What the file of a scenario or a fault is called that came without a file.
pub const FILE_NAME: &str = "scenario.yaml";
