//! A request for a consignment: what no document can say about it, and what it comes to.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::packaging::PackagingRules;
use super::{attributes, custom_fields, customs, labels};
use crate::base::time::Timestamp;
use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Refusal};
use crate::spec::{Range, Rule};
use crate::vendors::shipmate::catalog::{CATALOG, Location, PackagingType, Service, Size};
use crate::vendors::shipmate::checks::{self, ACCEPTED, DISTINCT, UNIQUE};
use crate::vendors::shipmate::wire::{self, Address, CONSIGNMENT, Format, PARCEL_REFERENCE};

/// A consignment that may be booked, if a service takes it.
pub struct Order<'v> {
    pub reference: &'v str,
    pub order_reference: Option<&'v str>,
    /// The service that was asked for; routing chooses one otherwise.
    pub service: Option<&'static Service>,
    pub despatch: Option<Timestamp>,
    pub to: Address,
    pub company: &'v str,
    pub location: &'static Location,
    pub format: Format,
    pub parcels: Vec<Parcel<'v>>,
    pub instructions: &'v str,
}

/// One of its parcels.
pub struct Parcel<'v> {
    pub reference: &'v str,
    /// With the packaging.
    pub size: Size,
    pub value: Option<f64>,
    pub attributes: Option<&'v Map<String, Value>>,
}

/// Reads the request of a call; everything that is wrong with it is reported at once. For a booking its references have to be free.
pub fn read<'v>(cx: &Cx<'v>, is_booking: bool) -> Result<Order<'v>, Refusal> {
    let (mut report, root) = (Report::of(cx.call), Field::body(cx.call));
    let is_newer = wire::is_newer(cx);
    let reference = root.member(if is_newer { "shipment_reference" } else { "consignment_reference" });
    if is_booking && reference.text().is_some_and(|text| cx.docs.has(CONSIGNMENT, text)) {
        report.add(&reference, UNIQUE);
    }
    let to = address(&root.member("to_address"));
    let is_abroad = !to.country.is_empty() && customs::is_outside_mainland(&to.country, &to.postcode);
    let rules = PackagingRules::of(&cx.credential);
    let list = root.member("parcels");
    let twice = twice(&list);
    let mut fields = is_newer.then(|| custom_fields::Known::of(cx));
    let mut parcels = Vec::with_capacity(list.value.and_then(Value::as_array).map_or(0, Vec::len));
    for parcel in list.elements() {
        let reference = parcel.member("reference");
        let text = reference.text().unwrap_or_default();
        if twice.contains(text) {
            report.add(&reference, DISTINCT);
        } else if is_booking && cx.docs.has(PARCEL_REFERENCE, text) {
            report.add(&reference, UNIQUE);
        }
        let size = measure(&mut report, &parcel, &rules);
        if is_abroad {
            customs::check(&mut report, &parcel, &cx.docs);
        }
        let attributes = match &mut fields {
            Some(fields) => fields.check(&mut report, &parcel, "PARCEL"),
            None => attributes::check(&mut report, &parcel.member("attributes")),
        };
        parcels.push(Parcel { reference: text, size, value: parcel.member("value").number(), attributes });
    }
    if let Some(fields) = &mut fields {
        fields.check(&mut report, &root, "SHIPMENT");
        let (print, user) = (root.member("print_labels"), root.member("print_to_user"));
        if user.value.is_some() && print.value.is_none() {
            report.add(&print, checks::required("required_with", &user));
        } else if user.value.is_some() && print.flag() == Some(false) {
            report.add(&print, ACCEPTED);
        }
        labels::user(&mut report, &user, cx);
    }
    report.finish()?;
    let text = |name: &str| root.member(name).text();
    Ok(Order {
        reference: reference.text().unwrap_or_default(),
        order_reference: text("order_reference"),
        service: service(&root),
        despatch: text("despatch_date").and_then(wire::instant),
        to,
        company: root.member("to_address").member("company_name").text().unwrap_or_default(),
        location: text("location_code").and_then(|code| CATALOG.location(code)).unwrap_or_else(|| CATALOG.home()),
        format: Format::of(text("format")),
        parcels,
        instructions: text("delivery_instructions").unwrap_or_default(),
    })
}

/// The guide of version 1.1 names the service in three ways; `service_key` counts first.
fn service(root: &Field<'_, '_>) -> Option<&'static Service> {
    let key = root.member("service_key").text().or(root.member("delivery_service_key").text());
    let id = root.member("delivery_service").integer();
    key.map_or_else(|| CATALOG.services.iter().find(|row| Some(row.id) == id), |key| CATALOG.service(key))
}

/// The address, with the code of its country when that is a good one.
fn address(field: &Field<'_, '_>) -> Address {
    let text = |name: &str| field.member(name).text().unwrap_or_default().to_owned();
    Address {
        delivery_name: text("name"),
        line_1: text("line_1"),
        line_2: text("line_2"),
        line_3: text("line_3"),
        city: text("city"),
        county: text("county"),
        postcode: text("postcode"),
        country: field.member("country").text().and_then(|code| CATALOG.country(code)).map_or("", |(code, _)| code).to_owned(),
    }
}

/// References that more than one parcel of the request has.
fn twice<'v>(list: &Field<'v, '_>) -> BTreeSet<&'v str> {
    let mut seen = BTreeSet::new();
    if list.elements().nth(1).is_none() {
        return seen;
    }
    list.elements().filter_map(|row| row.member("reference").text()).filter(|reference| !seen.insert(*reference)).collect()
}

/// Weight and sizes, as the packaging rules have it: the request's own, else those of the packaging type.
fn measure(report: &mut Report<'_>, parcel: &Field<'_, '_>, rules: &PackagingRules) -> Size {
    let key = parcel.member("packaging_type_key");
    let packaging = if key.value.is_none() { rules.default } else { key.text().and_then(|key| CATALOG.packaging_type(key)) };
    let is_bare = key.value.is_none() && packaging.is_none();
    if !rules.allow_override {
        ["weight", "width", "length", "depth"].iter().for_each(|name| report.forgive(&parcel.member(name)));
        if is_bare {
            report.add(&key, Rule::Required);
        }
        return packaging.map_or_else(Size::default, |packaging| boxed(packaging, rules, Size::default()));
    }
    let mut read = |name| {
        let field = parcel.member(name);
        if is_bare && field.value.is_none() {
            report.add(&field, checks::required("required_without", &key));
        }
        field.integer()
    };
    let size = Size { weight: read("weight"), width: read("width"), length: read("length"), depth: read("depth") };
    let Some(packaging) = packaging else { return size };
    // The limit is on what goes into the box: a default weight may be as large as the limit itself.
    if size.weight > Some(packaging.max_weight) {
        report.add(&parcel.member("weight"), Rule::Maximum(Range { max: Some(packaging.max_weight.into()), ..Range::default() }));
    }
    boxed(packaging, rules, size)
}

/// What a box and its contents come to.
fn boxed(packaging: &PackagingType, rules: &PackagingRules, own: Size) -> Size {
    let contents = own.weight.unwrap_or(packaging.default_weight);
    Size {
        weight: Some(if rules.net_weight { contents.saturating_add(packaging.packaging_weight) } else { contents }),
        width: own.width.or(Some(packaging.external_width)),
        length: own.length.or(Some(packaging.external_height)),
        depth: own.depth.or(Some(packaging.external_depth)),
    }
}
