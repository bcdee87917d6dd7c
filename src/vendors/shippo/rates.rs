//! What each carrier account says to a shipment: quotes, or why not. Pure: a lane in, rates that have no id yet and messages out.

use serde_json::{Map, Value};

use super::catalog::{CATALOG, Carrier, Scope, Service};
use super::wire::address::Address;
use super::wire::carrier_account::CarrierAccount;
use super::wire::decimal;
use super::wire::parcel::Measures;
use super::wire::shipment::Rate;
use super::wire::{Message, Moment};
use crate::carrier::Location;
use crate::carrier::label::CARRIERS;
use crate::carrier::rating::{self, Load, Options, Piece, Signature};

/// What is to be sent, and between whom.
pub(super) struct Lane<'a> {
    pub from: &'a Address,
    pub to: &'a Address,
    pub parcels: &'a [Measures],
    /// Whether customs is told what is inside.
    pub declared: bool,
    /// What is asked beside the transport.
    pub extra: &'a Map<String, Value>,
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
    let pieces: Vec<Piece> = lane.parcels.iter().map(|parcel| Piece { weight: parcel.weight, sides: parcel.sides }).collect();
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
            let ends = lane.ends(carrier);
            let way = rating::Lane::between(&ends[0], &ends[1]);
            quote(lane, account, carrier, (&way, &pieces), &mut offers, &mut messages);
        }
    }
    mark(&mut offers);
    (offers, messages)
}

/// The parts that an address has to have for a label, and has not.
pub(super) fn missing(address: &Address) -> impl Iterator<Item = &'static str> {
    let (rules, Address { name, street1, city, state, zip, country, .. }) = (&CATALOG.addresses, address);
    let parts = [
        ("name", name.is_empty()),
        ("street1", street1.is_empty()),
        ("city", city.is_empty()),
        ("state", state.is_empty() && rules.state_required.contains(country)),
        ("zip", zip.is_empty() && !rules.zip_not_used.contains(country)),
    ];
    parts.into_iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name)
}

/// What the vendor says of the first part that an address has to have to be quoted by all, and has not. Codes are for labels.
fn incomplete(ends: [&Address; 2]) -> Option<String> {
    first(ends, |end| missing(end).find(|name| !["state", "zip"].contains(name)), "must not be empty.")
}

/// What the vendor says of the first part of two addresses that a carrier makes no label for.
pub(super) fn unprintable(ends: [&Address; 2], carrier: &Carrier) -> Option<String> {
    let is_long = |line: &str| carrier.longest_line.is_some_and(|most| line.chars().count() > most);
    let long = |end: &Address| {
        let lines = [("street1", &end.street1), ("street2", &end.street2)];
        lines.into_iter().find(|(_, line)| is_long(line)).map(|(name, _)| name)
    };
    let short = first(ends, |end| missing(end).next(), "must not be empty.");
    short.or_else(|| first(ends, long, &format!("must not be longer than {} characters.", carrier.longest_line?)))
}

/// The complaint about the first of two addresses that has a part of some kind.
fn first(ends: [&Address; 2], part: impl Fn(&Address) -> Option<&'static str>, fault: &str) -> Option<String> {
    let (whose, name) = ends.into_iter().zip(["address_from", "address_to"]).find_map(|(end, whose)| Some((whose, part(end)?)))?;
    Some(format!("Attribute \"{whose}.{name}\" {fault}"))
}

/// Why an account does not quote at all.
fn refusal(lane: &Lane<'_>, account: &CarrierAccount, carrier: &Carrier) -> Option<Message> {
    if let Some(message) = carrier.throttled.as_ref().filter(|_| lane.throttled) {
        return Some(message.clone());
    }
    let [from, to] = [lane.from, lane.to].map(|end| CARRIERS.country(&carrier.token, &end.country));
    let (at_home, domestic) = (from == account.origin, from == to);
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

/// Why there is no rate of a service: what was said of it, or of all. What has a code is said beside quotes.
pub(super) fn said<'m>(messages: &'m [Message], carrier: &str, token: &str) -> Option<&'m Message> {
    let services = || CATALOG.quoting_carrier(carrier).into_iter().flat_map(|carrier| &carrier.services);
    let is_of = |message: &Message, service: &Service| {
        let text = &message.text;
        text.ends_with(&format!(" for {}.", service.token)) || text.starts_with("Dimension ") && text.contains(&service.name)
    };
    messages.iter().filter(|message| message.code.is_empty()).find(|message| {
        let of_another = services().any(|service| is_of(message, service));
        !of_another || services().any(|service| service.token == token && is_of(message, service))
    })
}

/// Observed 2024 and 2026: said by the vendor itself, with the name of its account.
fn unsupported(account: &CarrierAccount) -> Message {
    refused(account, "Carrier account {account} doesn't support one or more shipment options")
}

/// What the vendor says of an account, in some words.
pub(super) fn refused(account: &CarrierAccount, text: &str) -> Message {
    let account = account.master.as_ref().unwrap_or(&account.account_id);
    Message::new("Shippo", text.replace("{account}", account))
}

/// What a carrier says to a shipment abroad without a declaration, and who speaks for what carriers have in common.
pub(super) const UNDECLARED: &str = "Attribute \"customs_declaration\" must not be empty.";
const COMMON: &str = "ShippoCommon";

fn quote(
    lane: &Lane<'_>,
    account: &CarrierAccount,
    carrier: &'static Carrier,
    (way, pieces): (&rating::Lane, &[Piece]),
    offers: &mut Vec<Rate>,
    messages: &mut Vec<Message>,
) {
    let scope = if way.inland.is_some() { Scope::Domestic } else { Scope::International };
    let origin = Some(&account.origin).filter(|origin| carrier.services.iter().any(|service| service.origin.as_ref() == Some(*origin)));
    let is_complete = incomplete([lane.from, lane.to]).is_none();
    let fits = |service: &&Service| {
        service.quoted && service.scope == scope && service.origin.as_ref() == origin && (is_complete || !service.whole_addresses)
    };
    let services: Vec<&'static Service> = carrier.services.iter().filter(fits).collect();
    if scope == Scope::International && !lane.declared && !services.is_empty() {
        messages.push(Message::new(&carrier.source, UNDECLARED));
        return;
    }
    let before = offers.len();
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
            offers.extend(offer(lane, account, carrier, service, (way, pieces)));
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
        let far = carrier.far_advisory.iter().filter(|_| way.inland >= Some(FAR));
        messages.extend(carrier.advisories.iter().chain(own).chain(far).cloned());
    }
}

/// Where the carriers that have one tell of a surcharge.
const FAR: u8 = 9;

fn offer(
    lane: &Lane<'_>,
    account: &CarrierAccount,
    carrier: &Carrier,
    service: &Service,
    (way, pieces): (&rating::Lane, &[Piece]),
) -> Option<Rate> {
    let tariff = service.tariff?;
    let (zone, days, currency) = (tariff.zone(way)?, tariff.days(way)?, tariff.currency());
    let cents = tariff.price(way, &Load { pieces, package: None, options: lane.options(carrier, currency), imperial: false })?.total();
    let currency_local = CATALOG.currency_of(&lane.from.country);
    Some(Rate {
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
        days,
        carrier_account: account.object_id.clone(),
        zone: service.zone_shown.then(|| i64::try_from(zone).unwrap_or_default()),
        test: lane.test,
        insurance: lane.insurance(currency_local),
    })
}

impl Lane<'_> {
    /// Both ends as a carrier has them: to posts, territories are home.
    fn ends(&self, carrier: &Carrier) -> [Location; 2] {
        [self.from, self.to].map(|end| CARRIERS.place(&carrier.token, &end.location()))
    }

    /// What a carrier charges for beside the transport. `true`, which is no word for a signature, costs nothing (inferred).
    fn options(&self, carrier: &Carrier, currency: &str) -> Options {
        let by_carrier = self.cover("provider").as_str().is_some_and(|name| name.eq_ignore_ascii_case(&carrier.token));
        Options {
            residential: self.to.is_residential == Some(true),
            saturday: self.extra.get("saturday_delivery") == Some(&Value::Bool(true)),
            signature: match self.extra.get("signature_confirmation").and_then(Value::as_str) {
                Some("ADULT") => Some(Signature::Adult),
                Some("") | None => None,
                Some(_) => Some(Signature::Anybody),
            },
            insured: if by_carrier { self.insured(currency) } else { 0 },
        }
    }

    /// What is said of the insurance.
    fn cover(&self, member: &str) -> &Value {
        self.extra.get("insurance").map_or(&Value::Null, |insurance| &insurance[member])
    }

    /// The insured value in cents of a currency.
    fn insured(&self, currency: &str) -> i64 {
        let amount = self.cover("amount");
        let amount = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
        let cents = decimal::parse(&amount, decimal::MEASURE).unwrap_or(0) / 100;
        CATALOG.convert(cents, self.cover("currency").as_str().unwrap_or("USD"), currency).unwrap_or(cents)
    }

    /// The price of the vendor's own insurance, 1.25 percent. Documented: none where a carrier insures. Recorded 2022: none beside the
    /// older word for a signature either.
    fn insurance(&self, currency: &str) -> Option<i64> {
        let is_asked = self.cover("provider").as_str().is_none_or(str::is_empty);
        let is_old = self.extra.get("signature_confirmation").is_some_and(Value::is_boolean);
        Some(rating::share(self.insured(currency), 125, 10_000)).filter(|cents| is_asked && !is_old && *cents > 0)
    }
}

/// The second longest side, in hundredths of a millimeter.
fn second(parcel: Measures) -> i64 {
    let mut sides = parcel.sides;
    sides.sort_unstable();
    sides[1]
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
