//! Carrier accounts of the caller's mode.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::access::Mode;
use super::super::catalog::{Account, CATALOG};
use super::super::dialect::page::Wanted;
use super::super::dialect::version;
use super::super::wire::ObjectId;
use crate::engine::{Cx, Outcome, Params, Refusal};
use crate::world::Kind;

const CARRIER_ACCOUNT: Kind = Kind("carrier_account");

#[derive(Deserialize)]
pub(crate) struct CarrierAccountId {
    #[serde(rename = "CarrierAccountId")]
    id: ObjectId,
}

#[derive(Serialize)]
struct View {
    carrier: &'static str,
    object_id: &'static str,
    object_owner: &'static str,
    account_id: &'static str,
    parameters: &'static Map<String, Value>,
    test: bool,
    active: bool,
    is_shippo_account: bool,
    metadata: &'static str,
    carrier_name: &'static str,
    carrier_images: Images,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_info: Option<Info>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_levels: Option<Vec<Level>>,
}

#[derive(Serialize)]
struct Images {
    #[serde(rename = "75")]
    small: String,
    #[serde(rename = "200")]
    large: String,
}

#[derive(Serialize)]
struct Info {
    authentication: Authentication,
}

#[derive(Serialize)]
struct Authentication {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Level {
    name: &'static str,
    token: &'static str,
    supports_return_labels: bool,
}

/// All of them, five a page; `service_levels` shows those of each.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let mode = Mode::of(cx);
    let call = cx.call;
    let wanted = Wanted::of(call, 5)?;
    let fits = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted.is_empty() || wanted == value);
    let rows: Vec<&'static Account> =
        CATALOG.accounts.iter().filter(|row| fits("carrier", &row.carrier) && fits("account_id", &row.account_id)).collect();
    let levels = matches!(call.query("service_levels"), Some("true" | "True" | "1"));
    let page = wanted.take(call, call.path, rows.len(), |start| rows.into_iter().skip(start))?;
    let page = page.map(|account| {
        let carrier = CATALOG.carrier(&account.carrier);
        let level = |service: &'static super::super::catalog::Service| Level {
            name: &service.name,
            token: &service.token,
            supports_return_labels: matches!(carrier.token.as_str(), "usps" | "ups" | "fedex"),
        };
        View {
            object_info: Some(Info { authentication: Authentication { kind: "default" } }),
            service_levels: levels.then(|| carrier.services.iter().map(level).collect()),
            ..view(account, mode)
        }
    });
    Ok(version::reply(call, StatusCode::OK, page))
}

/// One of them, never with its service levels.
pub(crate) fn read(cx: &mut Cx<'_>, Params(CarrierAccountId { id: ObjectId(id) }): Params<CarrierAccountId>) -> Outcome {
    let mode = Mode::of(cx);
    let account = CATALOG.account(mode, &id).ok_or_else(|| Refusal::missing(CARRIER_ACCOUNT, id))?;
    Ok(version::reply(cx.call, StatusCode::OK, view(account, mode)))
}

fn view(account: &'static Account, mode: Mode) -> View {
    let carrier = CATALOG.carrier(&account.carrier);
    let image = |size: &str| format!("https://shippo-static-v2.s3.amazonaws.com/providers/{size}/{}.png", carrier.image);
    View {
        carrier: &account.carrier,
        object_id: account.id(mode),
        object_owner: &CATALOG.owner,
        account_id: &account.account_id,
        parameters: &account.parameters,
        test: mode.is_test(),
        active: true,
        is_shippo_account: true,
        metadata: &account.metadata,
        carrier_name: &carrier.name,
        carrier_images: Images { small: image("75"), large: image("200") },
        object_info: None,
        service_levels: None,
    }
}
