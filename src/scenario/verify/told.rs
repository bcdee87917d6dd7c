//! How much of a verdict is told. The verdict itself counts all expectations.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::{Finding, Verdict};
use crate::engine::UnusedRule;

/// How many bytes of texts the findings of a verdict have, or those of all verdicts of a process that leaves.
pub(super) const ROOM: usize = 4 << 20;
/// How many bytes one text has, and what a finding counts beside its texts.
const LONGEST: usize = 4 << 10;
const FINDING: usize = 256;

/// The findings for which there is room, those that are not met first, and how many more there are of each verdict.
pub(super) fn within(room: &Cell<usize>, mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut fits = vec![false; findings.len()];
    for is_met in [false, true] {
        for (finding, fits) in findings.iter_mut().zip(&mut fits).filter(|(finding, _)| (finding.verdict == Verdict::Passed) == is_met) {
            let bytes = FINDING
                + texts(finding)
                    .map(|text| {
                        cut(text, LONGEST);
                        text.len()
                    })
                    .sum::<usize>();
            let left = room.get().checked_sub(bytes);
            *fits = left.is_some();
            room.set(left.unwrap_or_default());
        }
    }
    let (mut told, mut others) = (Vec::new(), BTreeMap::<Verdict, Finding>::new());
    for (finding, fits) in findings.into_iter().zip(fits) {
        if fits {
            told.push(finding);
            continue;
        }
        let (verdict, is_final) = (finding.verdict, finding.is_final);
        let other = others.entry(verdict).or_insert_with(|| Finding { stands_for: 0, is_final: false, ..finding.without_texts() });
        other.stands_for += 1;
        other.is_final |= is_final;
    }
    told.extend(others.into_values().map(|other| Finding {
        expectation: format!("{} more expectations", other.stands_for),
        detail: format!("of this verdict; there is room for {ROOM} bytes of findings"),
        ..other
    }));
    told
}

/// The rules without effect for which there is room, and how many more there are.
pub(super) fn rules(room: &Cell<usize>, unused: Vec<UnusedRule>) -> Vec<UnusedRule> {
    let all = unused.len();
    let fits = |rule: &UnusedRule| {
        let left = room.get().checked_sub(FINDING + rule.name.len() + rule.detail.len());
        room.set(left.unwrap_or_default());
        left.is_some()
    };
    let mut told: Vec<_> = unused.into_iter().take_while(fits).collect();
    let more = all - told.len();
    if more > 0 {
        let (name, detail) = (format!("{more} more"), format!("they are not told, as a verdict has room for {ROOM} bytes of them"));
        told.push(UnusedRule { what: "rules".into(), name, line: None, detail });
    }
    told
}

impl Finding {
    fn without_texts(self) -> Self {
        let (expectation, detail, evidence, calls, others) = Default::default();
        Self { expectation, detail, evidence, calls, others, more: 0, ..self }
    }
}

fn texts(finding: &mut Finding) -> impl Iterator<Item = &mut String> {
    let lines = finding.evidence.iter_mut().chain(&mut finding.calls).chain(&mut finding.others);
    [&mut finding.expectation, &mut finding.detail].into_iter().chain(lines)
}

/// Leaves so much of a text as is told, and says what is left out.
pub(super) fn cut(text: &mut String, longest: usize) {
    let more = text.len().saturating_sub(longest);
    if more > 0 {
        text.truncate(text.floor_char_boundary(longest));
        text.push_str(&format!("… ({more} more bytes)"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(verdict: Verdict, bytes: usize) -> Finding {
        Finding {
            expectation: "x".repeat(bytes),
            file: String::new(),
            line: 1,
            column: 1,
            verdict,
            detail: String::new(),
            evidence: Vec::new(),
            calls: Vec::new(),
            more: 0,
            others: Vec::new(),
            is_final: false,
            stands_for: 1,
        }
    }

    fn check(room: usize, findings: &[(Verdict, usize)], expected: &[(Verdict, &str)]) {
        let room = Cell::new(room);
        let told = within(&room, findings.iter().map(|(verdict, bytes)| finding(*verdict, *bytes)).collect());
        let json = serde_json::to_string(&told).expect("findings are JSON");
        let read: Vec<Finding> = serde_json::from_str(&json).expect("what is written can be read");
        assert_eq!(read.iter().map(|row| row.stands_for).sum::<u64>(), findings.len() as u64, "all are counted: {json}");
        let told: Vec<_> = told.iter().map(|row| (row.verdict, row.expectation.as_str())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_left_out_is_counted_by_verdict() {
        use Verdict::{Failed, Passed};
        let of = |room: usize| room * (FINDING + 3);
        check(of(3), &[(Passed, 3), (Failed, 3), (Passed, 3)], &[(Passed, "xxx"), (Failed, "xxx"), (Passed, "xxx")]);
        check(
            of(2),
            &[(Passed, 3), (Failed, 3), (Failed, 3), (Passed, 3)],
            &[(Failed, "xxx"), (Failed, "xxx"), (Passed, "2 more expectations")],
        );
        check(
            of(1),
            &[(Failed, 3), (Failed, 3), (Passed, 3)],
            &[(Failed, "xxx"), (Passed, "1 more expectations"), (Failed, "1 more expectations")],
        );
    }

    #[test]
    fn long_texts_are_cut() {
        let told = within(&Cell::new(ROOM), vec![finding(Verdict::Failed, LONGEST + 5)]);
        assert!(told[0].expectation.ends_with("x… (5 more bytes)") && told[0].stands_for == 1);
    }
}
