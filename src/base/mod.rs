//! Values and formats without any knowledge of documents, worlds or vendors.
//!
//! Everything here is a pure function or a plain value. Nothing imports anything else of ours.

pub(crate) mod ahead;
pub mod authority;
pub mod decimal;
pub mod encoding;
pub mod entropy;
pub mod ids;
pub mod json;
pub mod members;
pub(crate) mod money;
pub mod name;
pub(crate) mod net;
pub mod patterns;
pub mod python;
pub mod text;
pub mod time;
pub mod trace;
pub mod xml;
