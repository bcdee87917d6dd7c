//! ShipStation, whose API versions 1 and 2 will be two vendors of one mount. Neither is emulated yet; what rows of `accounts` say
//! is settled, so that scenarios can be written for it.

use crate::engine::{AccountRows, Fact, Form};

/// The mount of both versions.
pub const MOUNT: &str = "shipstation";

/// What rows of `accounts` may say.
pub const ACCOUNTS: AccountRows = AccountRows {
    about: "ShipStation: keys of V1 and V2.",
    credentials: &[&[Fact::text("key", "V1 key."), Fact::text("secret", "V1 secret.")], &[Fact::text("api_key", "V2 key.")]],
    others: &[
        Fact::text("plan", "The account's plan, such as `starter`; gated calls answer 402."),
        Fact::new("addons", Form::Texts, "What was bought beside the plan, such as `inventory`."),
    ],
};
