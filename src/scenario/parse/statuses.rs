//! The statuses that answers have beyond those of the vendors' documents.

use std::collections::BTreeSet;

use crate::scenario::node::{Kind, Node};

/// All numbers that may be statuses, wherever a scenario makes answers: in all that it says but for what it expects.
pub(super) fn written(root: &Node) -> BTreeSet<u16> {
    let mut found = BTreeSet::new();
    gather(root, &mut found);
    found
}

fn gather(node: &Node, found: &mut BTreeSet<u16>) {
    match &node.kind {
        Kind::Number(number) => found.extend(number.as_u64().and_then(|number| u16::try_from(number).ok())),
        Kind::List(items) => items.iter().for_each(|item| gather(item, found)),
        Kind::Map(members) => {
            members.iter().filter(|member| member.key.value != "expect").for_each(|member| gather(&member.value, found));
        }
        _ => {}
    }
}

/// A number as a status, unless servers answer with it whatever their documents say: they redirect, refuse and fail.
pub(super) fn hardly_comes(number: f64) -> Option<u16> {
    let status = (100..600).find(|status| f64::from(*status) == number)?;
    let comes = matches!(status, 300..=308 | 400..=417 | 421..=426 | 428 | 429 | 431 | 451 | 500..);
    (!comes).then_some(status)
}
