//! `seatrial coverage`: how much of each vendor has behavior.

use std::fmt::Write as _;

use crate::base::time::Timestamp;
use crate::cli::arguments::CoverageArguments;
use crate::cli::{Exit, say, vendors};
use crate::engine::{Coverage, Machine, Options, Start};

pub(super) fn run(arguments: &CoverageArguments) -> Exit {
    let all = match vendors::all(&arguments.vendors) {
        Ok(all) => all,
        Err(error) => return vendors::complain(&error),
    };
    let rows = Machine::new(all, Options::default(), Start::plain(Timestamp::UNIX_EPOCH)).vendors().coverage();
    if arguments.json {
        say(&serde_json::json!({"coverage": rows}));
    } else {
        say(&table(&rows).trim_end());
    }
    Exit::Fine
}

fn table(rows: &[Coverage]) -> String {
    let mut text = format!(
        "{:<15} {:>10} {:>5} {:>6} {:>10} {:>8}   {:>8} {:>10} {:>6} {:>8}\n",
        "vendor", "operations", "rows", "rules", "resources", "samples", "recorded", "documented", "client", "inferred"
    );
    for row in rows {
        let evidence = &row.evidence;
        let _ = writeln!(
            text,
            "{:<15} {:>10} {:>5} {:>6} {:>10} {:>8}   {:>8} {:>10} {:>6} {:>8}",
            row.vendor,
            row.operations,
            row.rows,
            row.rules,
            row.resources,
            row.samples,
            evidence.recorded,
            evidence.documented,
            evidence.client,
            evidence.inferred
        );
    }
    for kept in rows.iter().flat_map(|row| &row.kept) {
        let _ = writeln!(text, "kept: {kept}");
    }
    for gap in rows.iter().flat_map(|row| &row.gaps) {
        let _ = writeln!(text, "gap: {gap}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Evidence;

    #[test]
    fn gaps_are_counted_and_named() {
        let evidence = Evidence { inferred: 3, ..Evidence::default() };
        let gaps = vec!["acme.listColors".to_owned()];
        let table = table(&[Coverage {
            vendor: "acme".to_owned(),
            operations: 3,
            rows: 2,
            rules: 1,
            resources: 1,
            samples: 1,
            evidence,
            kept: vec!["acme.createBox".to_owned()],
            gaps,
        }]);
        let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let lines: Vec<Vec<String>> = table.lines().map(cells).collect();
        assert_eq!(lines[1], ["acme", "3", "2", "1", "1", "1", "0", "0", "0", "3"]);
        assert_eq!(lines[2], ["kept:", "acme.createBox"]);
        assert_eq!(lines[3], ["gap:", "acme.listColors"]);
    }
}
