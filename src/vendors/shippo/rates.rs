//! What each carrier account says to a shipment: quotes, or why not. Pure: a lane in, rates that have no id yet and messages out.

use super::catalog::{CATALOG, Carrier, Scope, Service, Unit};
use super::wire::address::Address;
use super::wire::carrier_account::CarrierAccount;
use super::wire::parcel::Measures;
use super::wire::shipment::Rate;
use super::wire::{Message, Moment};

/// What is to be sent, and between whom.
pub(super) struct Lane<'a> {
    pub from: &'a Address,
    pub to: &'a Address,
    pub parcels: &'a [Measures],
    /// Whether customs is told what is inside.
    pub declared: bool,
    /// The id of the shipment.
    pub shipment: &'a str,
    pub now: Moment,
    pub test: bool,
    /// Whether lithium batteries are inside.
    pub lithium: bool,
    /// Whether carriers that can be asked too often were.
    pub throttled: bool,
}

/// Asks some accounts, in their order; marks the best offers across all of them.
pub(super) fn ask(lane: &Lane<'_>, accounts: &[CarrierAccount]) -> (Vec<Rate>, Vec<Message>) {
    let (mut offers, mut messages) = (Vec::new(), Vec::new());
    let mut incomplete = incomplete([lane.from, lane.to]);
    let is_complete = incomplete.is_none();
    for account in accounts {
        let Some(carrier) = CATALOG.quoting_carrier(&account.carrier) else {
            messages.push(unsupported(account));
            continue;
        };
        let refusal = refusal(lane, account, carrier);
        // Recorded 2023: the postal service alone quotes what is not complete. One of the others says so for all.
        if !is_complete && carrier.token != "usps" && (refusal.is_none() || carrier.source == COMMON) {
            messages.extend(incomplete.take().map(|text| Message::new(COMMON, text)));
        } else if let Some(message) = refusal {
            messages.push(message);
        } else {
            quote(lane, account, carrier, &mut offers, &mut messages);
        }
    }
    mark(&mut offers);
    (offers, messages)
}

/// What the vendor says of the first part that an address has to have, and has not.
pub(super) fn incomplete(ends: [&Address; 2]) -> Option<String> {
    let parts = |end: &Address| [("name", end.name.is_empty()), ("street1", end.street1.is_empty()), ("city", end.city.is_empty())];
    let missing = |end: &Address| parts(end).into_iter().find(|(_, is_missing)| *is_missing).map(|(name, _)| name);
    let (whose, name) = ends.into_iter().zip(["address_from", "address_to"]).find_map(|(end, whose)| Some((whose, missing(end)?)))?;
    Some(format!("Attribute \"{whose}.{name}\" must not be empty."))
}

/// Why an account does not quote at all.
fn refusal(lane: &Lane<'_>, account: &CarrierAccount, carrier: &Carrier) -> Option<Message> {
    if let Some(message) = carrier.throttled.as_ref().filter(|_| lane.throttled) {
        return Some(message.clone());
    }
    let (at_home, domestic) = (lane.from.country == account.origin, lane.from.country == lane.to.country);
    let is_served = |end: &&Address| carrier.states.is_empty() || carrier.states.contains(&end.state);
    let cases = [
        ("company", at_home && lane.from.company.is_empty()),
        ("origin", !at_home),
        ("domestic", domestic),
        ("international", !domestic),
        ("states", ![lane.from, lane.to].iter().all(is_served)),
    ];
    let found = cases.into_iter().filter(|(_, applies)| *applies).find_map(|(name, _)| carrier.refuses.get(name));
    let is_split = lane.parcels.len() > 1 && !carrier.multi_parcel;
    let is_odd = is_split || lane.lithium && carrier.token != "usps";
    let text = match found.filter(|_| !is_split) {
        Some(Some(text)) => text.replace("{origin}", &account.origin),
        None if !is_odd => account.restricted.clone()?,
        _ => return Some(unsupported(account)),
    };
    Some(Message::new(&carrier.source, text))
}

/// Observed 2024 and 2026: said by the vendor itself, with the name of its account.
fn unsupported(account: &CarrierAccount) -> Message {
    let account = account.master.as_ref().unwrap_or(&account.account_id);
    Message::new("Shippo", format!("Carrier account {account} doesn't support one or more shipment options"))
}

/// Who speaks for what carriers have in common.
const COMMON: &str = "ShippoCommon";

fn quote(lane: &Lane<'_>, account: &CarrierAccount, carrier: &'static Carrier, offers: &mut Vec<Rate>, messages: &mut Vec<Message>) {
    let scope = if lane.from.country == lane.to.country { Scope::Domestic } else { Scope::International };
    let home = carrier.services.iter().any(|service| service.origin.as_ref() == Some(&account.origin));
    let fits = |service: &&Service| {
        service.quoted
            && service.scope == scope
            && (if home { service.origin.as_ref() == Some(&account.origin) } else { service.origin.is_none() })
    };
    let services: Vec<&'static Service> = carrier.services.iter().filter(fits).collect();
    if services.is_empty() {
        return;
    }
    if scope == Scope::International && !lane.declared {
        messages.push(Message::new(&carrier.source, "Attribute \"customs_declaration\" must not be empty."));
        return;
    }
    let (zone, before) = (zone(lane), offers.len());
    let mut small: Vec<&str> = Vec::new();
    for service in services {
        let most = service.max_grams.unwrap_or(carrier.max_grams);
        if let Some(heavy) = lane.parcels.iter().find(|parcel| parcel.weight > most * 1_000_000) {
            let text =
                format!("The weight of your package ({} g) exceeds the maximum allowed of {most} g for {}.", heavy.grams(), service.token);
            messages.push(Message::new(&carrier.source, text));
        } else if service.min_second_mm.is_some_and(|least| lane.parcels.iter().any(|parcel| second(*parcel) < least * 100)) {
            small.push(&service.name);
        } else {
            offers.push(offer(lane, account, carrier, service, zone));
        }
    }
    if let Some((parcel, least)) =
        lane.parcels.first().zip(carrier.services.iter().find_map(|service| service.min_second_mm)).filter(|_| !small.is_empty())
    {
        let side = second(*parcel);
        let text =
            format!("Dimension {}.{:03}0 cm, is less than required {} cm {}", side / 1000, side % 1000, least / 10, small.join(", "));
        messages.push(Message::new(&carrier.source, text));
    }
    if offers.len() > before {
        let own = carrier.own_advisory.iter().filter(|_| !account.is_shippo_account);
        let far = carrier.far_advisory.iter().filter(|_| zone >= CATALOG.zones.far);
        messages.extend(carrier.advisories.iter().chain(own).chain(far).cloned());
    }
}

fn offer(lane: &Lane<'_>, account: &CarrierAccount, carrier: &'static Carrier, service: &'static Service, zone: i64) -> Rate {
    let price = service.price;
    let one = |parcel: &Measures| {
        let units = billed(*parcel, carrier);
        price.base + units * price.per_unit + (zone - 1) * (price.per_zone + units * price.per_zone_unit)
    };
    let cents = lane.parcels.iter().map(one).sum();
    let currency = service.currency.as_deref().unwrap_or(&carrier.currency);
    let currency_local = CATALOG.currency_of(&lane.from.country);
    Rate {
        object_id: String::new(),
        object_created: lane.now,
        shipment: lane.shipment.to_owned(),
        attributes: Vec::new(),
        cents,
        currency: currency.to_owned(),
        cents_local: CATALOG.convert(cents, currency, currency_local).unwrap_or(cents),
        currency_local: currency_local.to_owned(),
        carrier: carrier.token.clone(),
        service: service.token.clone(),
        days: days(service, zone),
        carrier_account: account.object_id.clone(),
        zone: service.zone_shown.then_some(zone),
        test: lane.test,
    }
}

/// Working days of a service. Ground services take as long as it is far; beyond a border the catalog tells of the third zone, and each
/// zone is an eighth of that.
fn days(service: &Service, zone: i64) -> u8 {
    let usual = i64::from(service.days);
    let days = match (service.local_days, service.scope) {
        (Some(local), _) => i64::from(local) + ((usual - i64::from(local)) * (zone - 1) * 2 + 7) / 14,
        (None, Scope::International) => (usual * (zone + 5) * 2 + 8) / 16,
        (None, Scope::Domestic) => usual,
    };
    u8::try_from(days).unwrap_or(u8::MAX)
}

/// Started pounds or kilograms of the weight, or of the volume if that is more.
fn billed(parcel: Measures, carrier: &Carrier) -> i64 {
    let volume: i128 = parcel.sides.iter().map(|side| i128::from(*side)).product();
    let (unit, cube) = match carrier.unit {
        Unit::Lb => (4_535_923_695_i64, 2_540_i128.pow(3)),
        Unit::Kg => (10_000_000_000, 1_000_i128.pow(3)),
    };
    // Tenths of a microgram, in which a pound is a whole number.
    let actual = (parcel.weight * 10).saturating_sub(1) / unit + 1;
    // The postal service bills parcels of up to a cubic foot by their weight alone.
    let is_small = carrier.token == "usps" && volume <= cube * 1728;
    let divisor = cube * i128::from(carrier.divisor);
    if divisor == 0 || is_small {
        return actual;
    }
    // Whatever is larger than that is beyond any price.
    actual.max(i64::try_from((volume + divisor - 1) / divisor).unwrap_or(i64::MAX).min(1_000_000))
}

/// The second longest side, in hundredths of a millimeter.
fn second(parcel: Measures) -> i64 {
    let mut sides = parcel.sides;
    sides.sort_unstable();
    sides[1]
}

/// How far it is: 1 is next door.
fn zone(lane: &Lane<'_>) -> i64 {
    let zones = &CATALOG.zones;
    if lane.from.country != lane.to.country {
        return zones.world.get(&lane.to.country).copied().unwrap_or(zones.elsewhere);
    }
    if lane.from.country != "US" || lane.from.zip.get(..3) == lane.to.zip.get(..3) {
        return 1;
    }
    let (Some(from), Some(to)) = (CATALOG.zip_area(&lane.from.zip), CATALOG.zip_area(&lane.to.zip)) else { return 8 };
    if from.state != to.state && [from, to].iter().any(|area| zones.far_states.contains(&area.state)) {
        return zones.far;
    }
    let miles = distance(from.latitude, from.longitude, to.latitude, to.longitude);
    let beyond = zones.miles.iter().filter(|bound| miles > **bound).count();
    2 + i64::try_from(beyond).expect("there are fewer than ten zones")
}

/// Miles between two points in tenths of a degree, near enough for zones. Only additions and products, so that every
/// machine agrees.
fn distance(latitude: f64, longitude: f64, other_latitude: f64, other_longitude: f64) -> f64 {
    let middle = (latitude + other_latitude) / 20.0 * (std::f64::consts::PI / 180.0);
    let square = middle * middle;
    let narrowing = 1.0 - square / 2.0 + square * square / 24.0;
    let north = (latitude - other_latitude) * 6.9;
    let east = (longitude - other_longitude) * 6.9 * narrowing;
    (north * north + east * east).sqrt()
}

/// Marks the cheapest, the fastest (by days, then by the hour), and the one that is both best.
fn mark(offers: &mut [Rate]) {
    let dollars = |offer: &Rate| CATALOG.convert(offer.cents, &offer.currency, "USD").unwrap_or(offer.cents);
    let hour = |offer: &Rate| CATALOG.carrier(&offer.carrier).service(&offer.service).and_then(|service| service.arrives_by.as_deref());
    let best = |key: &dyn Fn(&Rate) -> (i64, &'static str, i64)| (0..offers.len()).min_by_key(|index| key(&offers[*index]));
    let marks = [
        ("BESTVALUE", best(&|offer| (dollars(offer) * (i64::from(offer.days) + 1), "", 0))),
        ("CHEAPEST", best(&|offer| (dollars(offer), "", i64::from(offer.days)))),
        ("FASTEST", best(&|offer| (i64::from(offer.days), hour(offer).unwrap_or("night"), dollars(offer)))),
    ];
    for (word, index) in marks {
        if let Some(offer) = index.and_then(|index| offers.get_mut(index)) {
            offer.attributes.push(word.to_owned());
        }
    }
}
