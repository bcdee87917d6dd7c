//! Which turn a call is for an override: when that begins, and how calls about one object are told from others.

use crate::base::entropy;
use crate::base::name::Name;
use crate::engine::View;
use crate::scenario::ast::{After, Moment, Objects};
use crate::scenario::facts::CallFacts;
use crate::scenario::run::effects;
use crate::world::{Count, Counter, How, Tally};

/// How many objects all overrides of a scenario count together, about.
pub(super) const OBJECTS: u64 = 20_000;

/// How long the name of an object is at most, in bytes: a longer one is known by a number that is made of it.
const LONGEST: usize = 48;

/// Why a call is none that comes when an override holds, if it is none.
pub(super) fn outside(rule: usize, after: &After, view: &View<'_>, operation: &str, tally: &mut Tally<'_>) -> Option<How> {
    match &after.moment {
        Moment::Call(on) => {
            // The call itself is counted already.
            let own = u64::from(on.value.matches(view.vendor, operation));
            let came = tally.calls(|vendor, id| on.value.matches(vendor, id));
            (came <= own).then_some(How::NotYet)
        }
        Moment::Time(from, until) => {
            let own = tally.get(&Counter::beginning_of(rule)).or_else(|| tally.get(&Counter::Beginning));
            let began = own.and_then(|count| count.began).unwrap_or_else(|| {
                tally.set(Counter::Beginning, Some(Count { began: Some(view.now), calls: 0 }));
                view.now
            });
            let passed = view.now.duration_since(began);
            match until {
                _ if passed < *from => Some(How::NotYet),
                Some(until) if passed >= *until => Some(How::Over),
                _ => None,
            }
        }
    }
}

/// What a call is about, as an override tells objects apart.
pub(super) fn object(per: &Objects, view: &View<'_>, facts: &CallFacts<'_>) -> Name {
    let mut name = effects::class(per.by, view).as_str().to_owned();
    for value in &per.values {
        name.push(' ');
        name.push_str(&value.eval(facts).to_string());
    }
    if name.len() <= LONGEST {
        return name.into();
    }
    let digest = |text: &str| entropy::fingerprint(text.as_bytes());
    format!("{:016x}{:016x}", digest(&name), digest(&format!("{name} again"))).into()
}
