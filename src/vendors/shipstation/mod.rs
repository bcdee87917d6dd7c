//! ShipStation, whose API versions 1 and 2 will be two vendors of one mount. Neither is emulated yet; what rows of `accounts` say
//! is settled, so that scenarios can be written for it.

use crate::engine::{AccountRows, FieldSpec, FieldType};

/// The mount of both versions.
pub const MOUNT: &str = "shipstation";

/// What rows of `accounts` may say.
pub const ACCOUNTS: AccountRows = AccountRows {
    about: "ShipStation: keys of V1 and V2.",
    credentials: &[&[FieldSpec::text("key", "V1 key."), FieldSpec::text("secret", "V1 secret.")], &[FieldSpec::text("api_key", "V2 key.")]],
    identifiers: &[],
    others: &[
        FieldSpec::text("plan", "The account's plan, such as `starter`; gated calls answer 402."),
        FieldSpec::new("addons", FieldType::Texts, "What was bought beside the plan, such as `inventory`."),
    ],
    account: (&["key", "api_key"], "default"),
};
