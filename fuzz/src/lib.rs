//! What is fuzzed, and a driver for toolchains without libFuzzer.

pub mod drive;
pub mod targets;
