//! What tasks of the agenda are about, for those who look at it from outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::parcels::{ANCHOR, STEP};
use crate::engine::webhooks::deliver::{ATTEMPT, HOLD};
use crate::world::Task;

/// What a task of the agenda is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TaskKind {
    /// Something happens to a parcel.
    Parcel,
    /// A webhook is sent, for the first time or again.
    Webhook,
    /// Something that a vendor has planned for one of its documents.
    Vendor,
}

impl TaskKind {
    pub const ALL: [Self; 3] = [Self::Parcel, Self::Webhook, Self::Vendor];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Parcel => "parcel",
            Self::Webhook => "webhook",
            Self::Vendor => "vendor",
        }
    }

    #[must_use]
    pub fn of(task: &Task) -> Self {
        match &*task.topic {
            STEP | ANCHOR => Self::Parcel,
            ATTEMPT | HOLD => Self::Webhook,
            _ => Self::Vendor,
        }
    }
}

impl Task {
    /// Whether it is the next step of a parcel's timeline.
    #[must_use]
    pub fn is_step(&self) -> bool {
        *self.topic == *STEP
    }
}
