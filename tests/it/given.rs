//! Data that a scenario gives: rows that use what earlier ones returned, parameters of paths, carriers by name, and parcels that are on
//! their way.

use std::sync::Arc;

use seatrial::carrier::Status;
use seatrial::engine::{Machine, Options};
use seatrial::scenario::examples::{self, Examples};
use seatrial::scenario::run::{self, MachineVocabulary};
use seatrial::scenario::{self, Diagnostic};
use seatrial::vendors;

use crate::made_up;

fn stage(given: &str) -> Result<(Machine, Arc<seatrial::engine::Sandbox>), Vec<String>> {
    let machine = made_up::machine(vendors::all(), Options::default());
    let told = |problems: Vec<Diagnostic>| problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>();
    let text = format!("clock: {{start: 2026-01-05T09:00:00Z, mode: frozen}}\ngiven:\n{given}");
    let loaded = scenario::load(&text, "given.yaml", &MachineVocabulary(&machine)).map_err(told)?;
    let sandbox = run::stage(&machine, "given", &Arc::new(loaded), None, made_up::start()).map_err(told)?;
    Ok((machine, sandbox))
}

/// Rows of `given` that buy a parcel's label from a vendor.
pub const SHIPPO_LABEL: &str = r#"
  - shippo.CreateTransaction:
      carrier_account: usps
      servicelevel_token: usps_priority
      async: false
      shipment:
        address_from: &office {name: Ada, street1: 215 Clayton St., city: San Francisco, state: CA, zip: "94117", country: US}
        address_to: *office
        parcels: [{length: "5", width: "5", height: "5", distance_unit: in, weight: "2", mass_unit: lb}]
    as: bought"#;
pub const SHIPSTATION_V2: &str = r#"
  - shipstation_v2.create_label:
      shipment:
        carrier_id: stamps_com
        service_code: usps_ground_advantage
        ship_to: &office {name: Ada, phone: 555-010-0199, address_line1: 1 Example St, city_locality: Vista, state_province: CA, postal_code: "92081", country_code: US}
        ship_from: *office
        packages: [{weight: {value: 1, unit: ounce}}]
    as: bought"#;

#[test]
fn parcels_are_given_at_any_point_of_their_lives() {
    for row in [SHIPPO_LABEL, SHIPSTATION_V2] {
        for until in [Status::InTransit, Status::OutForDelivery, Status::Delivered] {
            let (_, sandbox) =
                stage(&format!("{row}\n    until: {}\n", until.word())).unwrap_or_else(|problems| panic!("{problems:?}: {row}"));
            let found: Vec<Status> = sandbox.parcels().iter().map(seatrial::carrier::Parcel::status).collect();
            assert_eq!(found, [until], "{row}");
        }
    }
}

/// Whoever books a parcel, with the body that `seatrial operations` shows for it.
const BOOKINGS: [&str; 6] = [
    "shipmate.createConsignment",
    "shipmate_v1_2.createShipment",
    "shiptheory.bookShipment",
    "shiptime.shipments-post",
    "shipstation_v1.createShipmentLabel",
    "shipstation_v2.create_label",
];

#[test]
fn what_operations_shows_can_be_given_at_any_point_of_its_life() {
    let machine = made_up::machine(vendors::all(), Options::default());
    let values = examples::known(made_up::start(), "http://127.0.0.1:7447/_seatrial/inbox/me");
    for name in BOOKINGS {
        let (vendor, id) = name.split_once('.').expect("a whole name");
        let loaded = machine.vendors().loaded().iter().find(|loaded| *loaded.vendor.id == *vendor).expect("a vendor");
        let operation = loaded.catalog().operation(id).expect("an operation");
        let body = Examples::of(&loaded.vendor).call(operation, "", &values).body.expect("a body");
        for until in [Status::InTransit, Status::OutForDelivery, Status::Delivered] {
            let row = format!("  - {{{name}: {body}, until: {}}}\n", until.word());
            let (_, sandbox) = stage(&row).unwrap_or_else(|problems| panic!("{problems:?}: {row}"));
            let found: Vec<Status> = sandbox.parcels().iter().map(seatrial::carrier::Parcel::status).collect();
            assert_eq!(found, [until], "{name}");
        }
    }
}

#[test]
fn rows_use_what_earlier_ones_returned_and_fill_in_paths() {
    let refund = "  - shippo.CreateRefund: {transaction: \"{{ $given.bought.object_id }}\", async: false}";
    let (_, sandbox) = stage(&format!("{SHIPPO_LABEL}\n{refund}\n")).expect("it is refunded");
    assert_eq!(sandbox.parcels()[0].status(), Status::Cancelled);
    let void = "  - shipstation_v2.void_label:\n    parameters: {label_id: \"{{ $given.bought.label_id }}\"}";
    let (_, sandbox) = stage(&format!("{SHIPSTATION_V2}\n{void}\n")).expect("it is voided");
    assert_eq!(sandbox.parcels()[0].status(), Status::Cancelled);
}

#[test]
fn what_cannot_be_given_is_told() {
    let told = |given: &str| stage(given).map(|_| ()).expect_err("it is refused").join("; ");
    let row = "  - shippo.CreateAddress: {name: Ada, country: US}\n    until: delivered\n";
    assert_eq!(told(row), "`shippo.CreateAddress` has made no parcel");
    assert!(told(&format!("{SHIPPO_LABEL}\n    until: lost\n")).ends_with("is never `lost`, its life ends with `delivered`"));
    let unknown = SHIPPO_LABEL.replace("carrier_account: usps", "carrier_account: usbs");
    assert!(told(&format!("{unknown}\n")).starts_with("`shippo.CreateTransaction` refuses this row with 400"));
}
