//! Tables, zones and surcharges; prices that are known from outside stand in `tests/it/prices.yaml`.

use proptest::prelude::*;

use super::*;
use crate::carrier::Location;

fn place(country: &str, zip: &str) -> Location {
    Location { country: country.to_owned(), zip: zip.to_owned(), ..Location::default() }
}

fn price(id: &str, name: &str, lane: &Lane, load: &Load<'_>) -> Option<Price> {
    find(&[id], name).unwrap_or_else(|| panic!("{id} has {name}")).price(lane, load)
}

fn pounds(weight: f64) -> Piece {
    Piece::of(weight, Piece::PER_POUND, [10.0, 8.0, 4.0], Piece::PER_INCH)
}

fn total(id: &str, name: &str, lane: &Lane, piece: Piece, options: Options) -> i64 {
    price(id, name, lane, &Load { pieces: &[piece], package: None, options, imperial: true }).map_or(0, |price| price.total())
}

#[test]
fn every_table_rises_with_weight_and_zone() {
    for (contract, service) in TARIFFS.services() {
        service.assert_rises(contract);
    }
}

#[test]
fn zones_are_those_of_the_distance() {
    let check =
        |from: &str, to: &str, zone: u8| assert_eq!(Lane::between(&place("US", from), &place("US", to)).inland, Some(zone), "{from} {to}");
    check("94103", "94105", 1);
    check("94103", "95050", 2);
    check("94103", "90001", 4);
    check("94103", "80201", 5);
    check("94117", "10020", 8);
    check("94103", "96910", 9);
    check("94103", "00000", 8);
    let canada = |from: &str, to: &str| Lane::between(&place("CA", from), &place("CA", to)).canada;
    assert_eq!(canada("L5V2N1", "M5S2C6"), Some(1));
    assert_eq!(canada("M5S2C6", "H2Y 1C6"), Some(2));
    assert_eq!(canada("M5S2C6", "T2P1K1"), Some(3));
    assert_eq!(canada("M5S2C6", "Y1A 1A1"), Some(4));
    let abroad = Lane::between(&place("US", "94103"), &place("GB", "NW1 6XE"));
    assert_eq!((abroad.inland, abroad.world, abroad.canada), (None, Some(3), Some(6)));
}

#[test]
fn volume_counts_where_it_is_more_than_the_weight() {
    let lane = Lane::between(&place("US", "94103"), &place("US", "94105"));
    let boxed = |side: f64| Piece::of(2.0, Piece::PER_POUND, [side; 3], Piece::PER_INCH);
    let ground = |side| total("ups", "ups_ground", &lane, boxed(side), Options::default());
    assert_eq!([ground(5.0), ground(12.0), ground(13.0)], [688, 853, 898]);
    let priority = |side| total("usps", "usps_priority", &lane, boxed(side), Options::default());
    assert_eq!([priority(5.0), priority(12.0), priority(13.0)], [900, 900, 1620]);
}

#[test]
fn what_is_asked_beside_costs_more() {
    let lane = Lane::between(&place("US", "94117"), &place("US", "10020"));
    let air = |options| total("ups", "ups_next_day_air", &lane, pounds(1.0), options);
    let plain = air(Options::default());
    assert_eq!(air(Options { residential: true, ..Options::default() }) - plain, 420);
    assert_eq!(air(Options { saturday: true, ..Options::default() }) - plain, 1600);
    assert_eq!(air(Options { signature: Some(Signature::Anybody), ..Options::default() }) - plain, 690);
    assert_eq!(air(Options { signature: Some(Signature::Adult), ..Options::default() }) - plain, 835);
    assert_eq!(air(Options { insured: 20_001, ..Options::default() }) - plain, 3 * 135);
    assert_eq!(total("ups", "ups_ground", &lane, pounds(1.0), Options { saturday: true, ..Options::default() }), 934);
    let long = Piece::of(5.0, Piece::PER_POUND, [60.0, 4.0, 4.0], Piece::PER_INCH);
    let load = Load { pieces: &[long, long], package: None, options: Options::default(), imperial: true };
    assert_eq!(price("ups", "ups_ground", &lane, &load).map(|price| price.of("OVERSIZE")), Some(4300));
    let alaska = Lane::between(&place("US", "94117"), &place("US", "99501"));
    assert_eq!(price("ups", "ups_ground", &alaska, &load).map(|price| price.of("DELIVERY_AREA")), Some(480));
    let own = price(
        "ups_own",
        "ups_2nd_day_air",
        &lane,
        &Load { pieces: &[pounds(1.0)], package: None, options: Options::default(), imperial: true },
    );
    assert_eq!(own.map(|price| (price.base, price.of("FUEL"))), Some((1820, 564)));
}

#[test]
fn packaging_of_the_carrier_has_a_price_of_its_own() {
    let (near, far) = (["94103", "94105"], ["94103", "10007"]);
    let lane = |codes: [&str; 2]| Lane::between(&place("US", codes[0]), &place("US", codes[1]));
    let boxed = |lane: &Lane, weight: f64, package| {
        let load = Load { pieces: &[pounds(weight)], package: Some(package), options: Options::default(), imperial: true };
        price("usps", "usps_priority_mail", lane, &load).map(|price| price.total())
    };
    assert_eq!(boxed(&lane(near), 1.0, "medium_flat_rate_box"), Some(1998));
    assert_eq!(boxed(&lane(far), 20.0, "medium_flat_rate_box"), Some(1998));
    assert_eq!(boxed(&lane(far), 1.0, "package"), Some(1141));
}

#[test]
fn a_surcharge_does_not_end_where_the_table_does() {
    let lane = Lane::between(&place("US", "94103"), &place("US", "94105"));
    let long = |weight: f64| Piece::of(weight, Piece::PER_POUND, [22.5; 3], Piece::PER_INCH);
    let asked = |weight| total("usps", "usps_ground_advantage", &lane, long(weight), Options::default());
    assert!(asked(69.0) < asked(73.0));
}

proptest! {
    #[test]
    fn prices_never_fall_with_the_weight(
        weight in 0.0_f64..200.0, more in 0.0_f64..200.0, from in 0_u32..1000, to in 0_u32..1000, side in 1.0_f64..70.0,
    ) {
        let lane = Lane::between(&place("US", &format!("{from:03}01")), &place("US", &format!("{to:03}01")));
        let piece = |weight: f64| Piece::of(weight, Piece::PER_POUND, [side; 3], Piece::PER_INCH);
        for (contract, service) in TARIFFS.services() {
            let asked = |weight| {
                let options = Options { residential: true, insured: 5_000, ..Options::default() };
                let load = Load { pieces: &[piece(weight)], package: None, options, imperial: true };
                Tariff { contract, service }.price(&lane, &load).map(|price| price.total())
            };
            let (less, heavier) = (asked(weight), asked(weight + more));
            prop_assert!(less <= heavier, "{less:?} {heavier:?}");
            prop_assert!(less.is_none_or(|cents| cents >= 0));
            prop_assert_eq!(less, asked(weight));
        }
    }

    #[test]
    fn no_measure_overflows(weight in any::<f64>(), sides in any::<[f64; 3]>(), insured in any::<i64>()) {
        let (weight, lane) = (if weight.is_nan() { 0.0 } else { weight }, Lane::between(&place("CA", "M5V 1A1"), &place("US", "10020")));
        let piece = Piece::of(weight, Piece::PER_KILOGRAM, sides, Piece::PER_INCH);
        let options = Options { insured, signature: Some(Signature::Adult), ..Options::default() };
        for (contract, service) in TARIFFS.services() {
            let price = Tariff { contract, service }.price(&lane, &Load { pieces: &[piece; 3], package: None, options, imperial: true });
            prop_assert!(price.is_none_or(|price| price.total() >= 0));
        }
    }
}
