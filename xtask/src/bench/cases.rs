//! The calls that are measured, all of Shipmate's API: they cover login, a write with validation and state, a refusal,
//! a read by key and a page of a list.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    http::{self, Call},
};

/// Stands in a call for what must differ each time; `benches/load.lua` replaces it by as many other characters.
pub const PLACEHOLDER: &str = "@@@@@@@@@@@@@@@@";

const API_KEY: &str = "sm_test_12345abcde-1234-5678-90ab-abcdef0123456";
const TOKEN_HEADER: &str = "X-SHIPMATE-TOKEN";
const WATCHED: &str = "WATCHED000000001";
const SKUS: usize = 30;

#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub call: Call,
    pub status: u16,
    /// Members that the answer takes from the request, as (pointer into the one, pointer into the other).
    echo: &'static [(&'static str, &'static str)],
}

/// What the cases refer to.
#[derive(Default)]
pub struct Prepared {
    token: String,
}

/// Makes a case for a server on which `Prepared` was made.
pub type Pick = fn(&Prepared) -> Case;

pub const CASES: [Pick; 5] = [Prepared::login, Prepared::booking, Prepared::refusal, Prepared::events, Prepared::page];

impl Prepared {
    /// Logs in and makes the rows that the reading cases read.
    pub fn by_calls_to(address: SocketAddr) -> Result<Self, Failure> {
        let answer = expect(address, &Self::default().login().call, 200)?;
        let token = answer.pointer("/data/token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Failure::Unexpected(format!("no token in the answer: {answer}")))?;
        let prepared = Self { token: token.to_owned() };
        for number in 1..=SKUS {
            expect(address, &prepared.call("POST", "skus", sku(number)), 201)?;
        }
        expect(address, &prepared.call("POST", "consignments", consignment(WATCHED)), 201)?;
        Ok(prepared)
    }

    pub fn login(&self) -> Case {
        let body = json!({"username": "test@shipmate.co.uk", "password": "myShipmatePassword"});
        let mut call = self.call("POST", "tokens", body);
        call.headers.retain(|(name, _)| *name != TOKEN_HEADER);
        Case { name: "login", call, status: 200, echo: &[] }
    }

    pub fn booking(&self) -> Case {
        Case {
            name: "new consignment",
            call: self.call("POST", "consignments", consignment(PLACEHOLDER)),
            status: 201,
            echo: &[("/consignment_reference", "/data/0/consignment_reference"), ("/parcels/0/reference", "/data/0/parcel_reference")],
        }
    }

    fn refusal(&self) -> Case {
        let call = self.call("POST", "consignments", refused_consignment());
        Case { name: "refused consignment", call, status: 400, echo: &[] }
    }

    /// Reads a consignment made before any load, so it also tells whether the oldest data is still there.
    pub fn events(&self) -> Case {
        let call = self.call("GET", &format!("consignments/{WATCHED}/events"), Value::Null);
        Case { name: "events of a consignment", call, status: 200, echo: &[] }
    }

    fn page(&self) -> Case {
        let call = self.call("GET", "skus?page=1", Value::Null);
        Case { name: "page of 30 SKUs", call, status: 200, echo: &[] }
    }

    /// An address made with Shippo in a sandbox of that name, by its own token.
    pub fn address(sandbox: &str, token: &str) -> Case {
        let body = json!({
            "name": "Alex Harbour", "street1": "14 Mooring Lane", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US",
        });
        let headers = vec![("Authorization", format!("ShippoToken {token}")), ("Content-Type", "application/json".to_owned())];
        let path = format!("/@{sandbox}/shippo/addresses/");
        let call = Call { method: "POST", path, headers, body: body.to_string() };
        Case { name: "an address in a sandbox", call, status: 201, echo: &[] }
    }

    fn call(&self, method: &'static str, path: &str, body: Value) -> Call {
        let mut headers =
            vec![("Accept", "application/json".to_owned()), ("X-SHIPMATE-API-KEY", API_KEY.to_owned()), (TOKEN_HEADER, self.token.clone())];
        let body = if body.is_null() {
            String::new()
        } else {
            headers.push(("Content-Type", "application/json".to_owned()));
            body.to_string()
        };
        Call { method, path: format!("/shipmate/v1.1/{path}"), headers, body }
    }
}

impl Case {
    /// A reading call to ShipStation's default account, with the credentials of both versions.
    pub fn of_shipstation(name: &'static str, path: &str) -> Self {
        let basic = "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0".to_owned();
        let headers =
            vec![("Authorization", basic), ("api-key", "seatrial-live".to_owned()), ("Content-Type", "application/json".to_owned())];
        let call = Call { method: "GET", path: format!("/shipstation/{path}"), headers, body: String::new() };
        Self { name, call, status: 200, echo: &[] }
    }

    /// The answer that the bare server gives, taken from a real one.
    pub fn recorded_answer(&self, address: SocketAddr) -> Result<Value, Failure> {
        let mut call = self.call.clone();
        call.body = call.body.replace(PLACEHOLDER, "RECORDED00000001");
        let reply = http::send(address, &call)?;
        if reply.status != self.status {
            return Err(unexpected(&call, self.status, reply.status, &reply.body));
        }
        Ok(self.answer(&reply.content_type, reply.json()?))
    }

    /// An answer of a believable size, for the self-check.
    pub fn made_up_answer(&self) -> Value {
        let row = json!({
            "consignment_reference": "", "parcel_reference": "", "carrier": "DPD", "price": "8.75",
            "to_address": consignment("")["to_address"], "zpl": "^FO40,40^A0N,28,28^FD".repeat(60),
        });
        self.answer("application/json", json!({"message": "Made up", "data": [row]}))
    }

    fn answer(&self, content_type: &str, body: Value) -> Value {
        json!({
            "method": self.call.method, "path": self.call.path, "status": self.status,
            "content_type": content_type, "body": body, "echo": self.echo,
        })
    }
}

fn consignment(reference: &str) -> Value {
    json!({
        "consignment_reference": reference,
        "service_key": "DPDNEXT",
        "to_address": {
            "name": "Alex Harbour",
            "line_1": "14 Mooring Lane",
            "city": "Derby",
            "postcode": "DE1 1EE",
            "country": "GB",
        },
        "parcels": [{
            "reference": format!("{reference}-1"),
            "weight": 3000,
            "width": 20,
            "length": 10,
            "depth": 15,
        }],
    })
}

fn refused_consignment() -> Value {
    json!({
        "consignment_reference": PLACEHOLDER,
        "to_address": {"name": "", "line_1": "", "city": "", "postcode": "", "country": ""},
        "parcels": [],
    })
}

fn sku(number: usize) -> Value {
    json!({
        "sku": format!("ROPE-{number:03}"),
        "product_name": format!("Mooring rope, {number} m"),
        "tariff_code": "5607509000",
        "tariff_description": "Rope of synthetic fibre",
        "country_of_origin": "GB",
        "value_ex_vat": 10.00,
        "vat_rate": 20.00,
        "value_inc_vat": 12.00,
        "gross_weight": 520,
        "net_weight": 500,
        "width": 200,
        "length": 300,
        "depth": 80,
        "is_stocked_item": true,
        "in_stock": true,
    })
}

fn expect(address: SocketAddr, call: &Call, status: u16) -> Result<Value, Failure> {
    let reply = http::send(address, call)?;
    if reply.status == status { reply.json() } else { Err(unexpected(call, status, reply.status, &reply.body)) }
}

fn unexpected(call: &Call, wanted: u16, found: u16, body: &str) -> Failure {
    let Call { method, path, .. } = call;
    Failure::Unexpected(format!("{method} {path} was to answer {wanted} and answered {found}: {body}"))
}
