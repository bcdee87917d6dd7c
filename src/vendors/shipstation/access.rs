//! Keys of both versions, and the plans that include them.

use super::catalog::Carrier;
use crate::base::entropy::Rng;
use crate::base::ids;
use crate::engine::auth::{self, AuthRequest};
use crate::engine::{AccountRows, DEFAULT, FieldSpec, FieldType, Open, Refusal, SecretNames};
use crate::world::Credential;

/// Plans from the lowest to the highest. The guide names Standard and Accelerate as the first that include the APIs.
const PLANS: &[&str] = &["free", "starter", "standard", "accelerate", "enterprise"];

/// What rows of `accounts` may say.
pub(super) const ACCOUNTS: AccountRows = AccountRows {
    about: "ShipStation: keys of V1 and V2.",
    credentials: &[&[FieldSpec::text("key", "V1 key."), FieldSpec::text("secret", "V1 secret.")], &[FieldSpec::text("api_key", "V2 key.")]],
    identifiers: &["key", "api_key"],
    others: &[
        FieldSpec::new("plan", FieldType::OneOf(PLANS), "The account's plan; calls that it does not include answer 402."),
        FieldSpec::new(
            "state",
            FieldType::OneOf(&["established", "new"]),
            "Whether the account has warehouses, a marketplace store, tags and money when its first call comes.",
        ),
        FieldSpec::new("balance", FieldType::Amount, "What the wallet holds when the first call comes."),
        FieldSpec::new("failing_carriers", FieldType::Texts, "Codes of carriers that refuse the account's login, such as `stamps_com`."),
        FieldSpec::new("addons", FieldType::SomeOf(&["inventory", "tracking"]), "What was bought beside the plan."),
    ],
    absent: &[("token_lifetime", "nobody logs in: a key lasts until it is revoked, or `expires`")],
    account: (&[], "default"),
};

/// Orders, their lines and states of stores are known by a key of their own.
pub(super) const SECRET_NAMES: SecretNames = SecretNames::open(&[Open::Named(&["orderKey", "lineItemKey", "statusKey"])]);

/// The credentials of a new sandbox: one account with a key of version 1, and a sandbox key and a production key of version 2.
pub(super) fn credentials(sandbox: &str, rng: &mut Rng) -> Vec<Credential> {
    let mut hex = |prefix: &str, usual: &str| if sandbox == DEFAULT { usual.to_owned() } else { format!("{prefix}{}", ids::hex(rng, 32)) };
    let (key, secret) = (hex("", "seatrial"), hex("", "seatrial-secret"));
    let (test, live) = (hex("TEST_", "TEST_seatrial"), hex("", "seatrial-live"));
    auth::credentials(&[
        ("default", &[("key", &key), ("secret", &secret)]),
        ("default", &[("api_key", &test)]),
        ("default", &[("api_key", &live)]),
    ])
}

/// The credential that has all these members, if its plan includes the API or `is_included` says that an add-on does. Who says no plan has
/// one that does.
pub(super) fn require(
    gate: &AuthRequest<'_>,
    members: &[(&str, &str)],
    is_included: fn(&Credential) -> bool,
) -> Result<Credential, Refusal> {
    let credential = gate.require(members)?;
    if let Some(denial) = credential.denial(gate.now) {
        return Err(denial.into());
    }
    if is_low(&credential) && !is_included(&credential) { Err(Refusal::PaymentRequired("plan")) } else { Ok(credential) }
}

/// Whether a carrier refuses the account's login.
pub(super) fn is_failing(credential: &Credential, carrier: &Carrier) -> bool {
    let codes = credential.fields.get("failing_carriers").and_then(serde_json::Value::as_array);
    let names = |code: &serde_json::Value| *code == *carrier.code || carrier.v2_code.as_deref().is_some_and(|own| *code == *own);
    codes.is_some_and(|codes| codes.iter().any(names))
}

/// What such a carrier says.
pub(super) fn login_refused(carrier: &Carrier) -> String {
    format!("Your {} username or password are invalid", carrier.name)
}

/// Whether a plan includes no API.
fn is_low(credential: &Credential) -> bool {
    PLANS[..2].contains(&credential.text("plan"))
}

/// Whether an add-on was bought. Who says nothing of add-ons has the one for inventory, but on low plans.
pub(super) fn has_addon(credential: &Credential, name: &str) -> bool {
    match credential.fields.get("addons").and_then(serde_json::Value::as_array) {
        Some(addons) => addons.iter().any(|addon| addon == name),
        None => name == "inventory" && !is_low(credential),
    }
}
