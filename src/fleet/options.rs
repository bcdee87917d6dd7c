//! Flags that all replicas have alike, because what they tell depends on them.

use std::collections::BTreeMap;

use crate::fleet::ledger::Ledger;
use crate::fleet::replica::JoinError;

/// Whether a text of flags has all that another one has: what there is has them still.
#[must_use]
pub fn only_adds(before: &str, own: &str) -> bool {
    before.lines().all(|line| own.lines().any(|other| other == line))
}

/// Flags by their names, without dashes, and the text of their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Common(pub BTreeMap<String, String>);

impl Common {
    /// What a replica has: what it was `asked` for, else what the fleet has, else what is `usual`. What the fleet has is set by the first
    /// replica, and by one that comes when no other one was heard of lately; what it has nothing for, by the first one that has.
    ///
    /// # Errors
    /// When the fleet has something else than what was asked for, or the database does not answer.
    pub async fn agree(ledger: &dyn Ledger, usual: &Self, asked: &Self) -> Result<Self, JoinError> {
        loop {
            let text = ledger.options().await?;
            let has = Self::read(&text);
            let mut own = usual.clone();
            own.0.extend(has.0.clone());
            own.0.extend(asked.0.clone());
            if own == has || ledger.set_options(text.clone(), own.text()).await? {
                return Ok(own);
            }
            if ledger.options().await? != text {
                continue;
            }
            let other = asked.0.iter().find_map(|(flag, asked)| has.0.get(flag).filter(|has| *has != asked).map(|has| (flag, has, asked)));
            let Some((flag, has, asked)) = other else { return Ok(own) };
            return Err(JoinError::Option { flag: flag.clone(), has: has.clone(), asked: asked.clone() });
        }
    }

    /// Refuses what the fleet does not have any more: another replica came while this one began.
    ///
    /// # Errors
    /// As [`Common::agree`].
    pub async fn hold(&self, ledger: &dyn Ledger) -> Result<(), JoinError> {
        let has = Self::read(&ledger.options().await?);
        let other = has.0.iter().find_map(|(flag, has)| self.0.get(flag).filter(|own| *own != has).map(|own| (flag, has, own)));
        other.map_or(Ok(()), |(flag, has, own)| Err(JoinError::Option { flag: flag.clone(), has: has.clone(), asked: own.clone() }))
    }

    fn read(text: &str) -> Self {
        let row = |line: &str| line.split_once(' ').map(|(flag, value)| (flag.to_owned(), value.to_owned()));
        Self(text.lines().filter_map(row).collect())
    }

    fn text(&self) -> String {
        self.0.iter().map(|(flag, value)| format!("{flag} {value}\n")).collect()
    }
}
