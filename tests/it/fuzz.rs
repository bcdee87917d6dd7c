//! The fuzz targets, each for a moment; `cargo xtask test --long` runs them for a minute each.

use crate::{drive, targets};

const ROUNDS: u64 = 300;

#[test]
fn every_target_survives_a_moment() {
    for target in &targets::TARGETS {
        let seeds = (target.seeds)();
        for round in 0..ROUNDS {
            let data = drive::input(target, &seeds, round);
            let failed = std::panic::catch_unwind(|| (target.run)(&data)).is_err();
            assert!(!failed, "{} fails in round {round}: {:?}", target.name, String::from_utf8_lossy(&data));
        }
    }
}

#[test]
fn every_target_survives_what_was_found_for_it() {
    for target in &targets::TARGETS {
        let corpus = drive::corpus(target).expect("every target has a folder");
        assert!(!corpus.is_empty(), "{}", target.name);
        for data in corpus {
            let failed = std::panic::catch_unwind(|| (target.run)(&data)).is_err();
            assert!(!failed, "{} fails: {:?}", target.name, String::from_utf8_lossy(&data));
        }
    }
}
