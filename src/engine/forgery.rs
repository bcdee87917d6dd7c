//! What can be wrong with a webhook that receivers ought to refuse.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is wrong with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Forgery {
    /// The signature is one of another body.
    Signature,
    /// It is signed, an hour ago.
    Timestamp,
    /// It is signed with another secret, or brings another one.
    Secret,
}

impl Forgery {
    pub const ALL: [Self; 3] = [Self::Signature, Self::Timestamp, Self::Secret];

    /// The member of `webhooks` in a scenario that asks for it.
    #[must_use]
    pub fn member(self) -> &'static str {
        match self {
            Self::Signature => "forged_signature",
            Self::Timestamp => "stale_timestamp",
            Self::Secret => "wrong_secret",
        }
    }
}
