//! What a page of ShipStation's lists costs beside a list without rows, by both versions: 500 of those that pass two filters, out of a
//! hundred thousand orders.

use serde_json::{Value, json};

use super::{
    Stand,
    cases::Case,
    load::{End, Load, Slice},
};
use crate::{failure::Failure, http, process::Server};

/// How many orders one call brings at most.
const TOGETHER: usize = 100;

/// How many pages a slice asks for: each connection waits for all others, so that no second would do.
const PAGES: u64 = 48;

/// A list: while it is empty, and then a page of it.
pub struct List {
    pub name: &'static str,
    pub orders: usize,
    pub empty: Vec<Slice>,
    pub page: Vec<Slice>,
}

fn cases() -> [Case; 2] {
    let orders = "orders?orderStatus=awaiting_shipment&createDateStart=2020-01-01&pageSize=500&page=3";
    let shipments = "v2/shipments?shipment_status=pending&created_at_start=2020-01-01&page_size=500&page=3";
    [Case::of_shipstation("V1: orders", orders), Case::of_shipstation("V2: shipments", shipments)]
}

pub fn measure(stand: &Stand, load: &Load, quick: bool) -> Result<Vec<List>, Failure> {
    let (turns, seconds, orders) = if quick { (3, 4, 10_000) } else { (5, 2, 100_000) };
    // A short journal, so that what grows is the orders.
    let server = stand.server(&["--journal-bytes", "65536", "--sandbox-bytes", "4294967296", "--total-bytes", "4294967296"])?;
    eprintln!("lists: {orders} orders");
    let slices = |case: &Case, end| (0..turns).map(|_| load.run(&server, case, end)).collect::<Result<Vec<_>, _>>();
    let empty = cases().iter().map(|case| slices(case, End::Seconds(seconds))).collect::<Result<Vec<_>, _>>()?;
    for first in (0..orders).step_by(TOGETHER) {
        import(&server, first)?;
    }
    let pages = cases().iter().map(|case| slices(case, End::Requests(PAGES))).collect::<Result<Vec<_>, _>>()?;
    let rows = cases().into_iter().zip(empty.into_iter().zip(pages));
    Ok(rows.map(|(case, (empty, page))| List { name: case.name, orders, empty, page }).collect())
}

/// Every second order awaits its payment: it is no shipment of version 2 and passes no filter.
fn import(server: &Server, first: usize) -> Result<(), Failure> {
    let order = |number: usize| {
        let address = json!({"name": "Alex Harbour", "street1": "14 Mooring Lane", "city": "Austin", "state": "TX", "postalCode": "78701", "country": "US"});
        let status = if number.is_multiple_of(2) { "awaiting_shipment" } else { "awaiting_payment" };
        json!({
            "orderNumber": number.to_string(), "orderDate": "2026-01-04T10:00:00", "orderStatus": status, "billTo": address, "shipTo": address,
            "items": [{"sku": "ROPE", "name": "Mooring rope", "quantity": 1, "unitPrice": 10}],
        })
    };
    let orders: Value = (first..first + TOGETHER).map(order).collect();
    let mut call = Case::of_shipstation("orders", "orders/createorders").call;
    (call.method, call.body) = ("POST", orders.to_string());
    let reply = http::send(server.address, &call)?;
    if reply.status == 200 { Ok(()) } else { Err(Failure::Unexpected(format!("createorders answered {}: {}", reply.status, reply.body))) }
}
