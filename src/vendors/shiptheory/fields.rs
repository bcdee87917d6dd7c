//! The fields of every request, as tables for [`checks`](super::checks). The documented ones are required and limited as
//! the guide says; members that no table names are taken and ignored.

use crate::vendors::shiptheory::checks::{Check, Field, Need};

const fn required(name: &'static str, check: Check) -> Field {
    Field { name, need: Need::Always, check }
}

const fn optional(name: &'static str, check: Check) -> Field {
    Field { name, need: Need::Never, check }
}

const fn filled(name: &'static str, check: Check) -> Field {
    Field { name, need: Need::Filled, check }
}

/// A booking. `delivery_service` and `increment` are not checked: one that does not exist is no mistake of form.
pub(super) const BOOKING: &[Field] = &[
    required("reference", Check::Scalar),
    required("reference2", Check::Scalar),
    optional("delivery_service", Check::Scalar),
    optional("increment", Check::Scalar),
    optional("mark_for_approval", Check::Scalar),
    required("shipment_detail", Check::Object(DETAIL)),
    required("recipient", Check::Object(RECIPIENT)),
    optional("sender", Check::Object(SENDER)),
    optional("products", Check::List(PRODUCT_LINE)),
    optional("packages", Check::List(PACKAGE)),
    optional("tags", Check::Values),
];

const DETAIL: &[Field] = &[
    required("weight", Check::Decimal),
    required("parcels", Check::Natural),
    required("value", Check::Decimal),
    optional("enhancement_id", Check::Scalar),
    optional("format_id", Check::Scalar),
    optional("instructions", Check::Scalar),
    optional("channel_shipservice_name", Check::Scalar),
    optional("currency_code", Check::Exactly(3)),
    optional("shipping_price", Check::Decimal),
    optional("reference3", Check::Scalar),
    optional("gift_message", Check::Scalar),
    optional("sales_source", Check::Scalar),
    optional("ship_date", Check::DayAndTime),
    optional("rules_metadata", Check::AtMost(50)),
    optional("duty_tax_number", Check::Scalar),
    optional("duty_tax_number_type", Check::OneOf(&["ABN", "IOSS", "IRD", "OSS", "VOEC"])),
];

const RECIPIENT: &[Field] = &[
    optional("company", Check::Scalar),
    required("firstname", Check::Scalar),
    required("lastname", Check::Scalar),
    required("address_line_1", Check::Scalar),
    optional("address_line_2", Check::Scalar),
    optional("address_line_3", Check::Scalar),
    required("city", Check::Scalar),
    optional("county", Check::Scalar),
    required("country", Check::Country),
    required("postcode", Check::Scalar),
    optional("telephone", Check::Scalar),
    optional("mobile", Check::Scalar),
    optional("email", Check::Scalar),
    optional("tax_number", Check::Scalar),
    optional("what3words", Check::Scalar),
    optional("tax_numbers", Check::List(TAX_NUMBER)),
];

const SENDER: &[Field] = &[
    optional("company", Check::Scalar),
    required("firstname", Check::Scalar),
    required("lastname", Check::Scalar),
    required("address_line_1", Check::Scalar),
    optional("address_line_2", Check::Scalar),
    optional("address_line_3", Check::Scalar),
    required("city", Check::Scalar),
    optional("county", Check::Scalar),
    required("country", Check::Country),
    required("postcode", Check::Scalar),
    optional("telephone", Check::Scalar),
    optional("mobile", Check::Scalar),
    optional("email", Check::Scalar),
    optional("tax_number", Check::Scalar),
];

const TAX_NUMBER: &[Field] = &[required("tax_number", Check::Scalar), required("tax_number_type", Check::OneOf(&["VAT", "EORI", "PID"]))];

const PRODUCT_LINE: &[Field] = &[
    required("name", Check::Scalar),
    required("sku", Check::Scalar),
    optional("qty", Check::Integer),
    required("value", Check::Decimal),
    required("weight", Check::Decimal),
    optional("commodity_code", Check::Scalar),
    optional("commodity_description", Check::Scalar),
    optional("commodity_manucountry", Check::Scalar),
    optional("commodity_composition", Check::Scalar),
    optional("mid_code", Check::AtMost(25)),
];

const PACKAGE: &[Field] = &[required("id", Check::Integer), required("weight", Check::Decimal)];

/// A search; its members are those of the query.
pub(super) const SEARCH: &[Field] = &[required("created_from", Check::Day), required("created_to", Check::Day)];

/// A return.
pub(super) const RETURN: &[Field] = &[
    required("outgoing_reference", Check::Scalar),
    required("delivery_postcode", Check::Scalar),
    required("return_service", Check::Integer),
    required("expiry", Check::Day),
];

/// A new product.
pub(super) const PRODUCT: &[Field] = &product(required("sku", Check::AtMost(100)));

/// What changes of a product.
pub(super) const PRODUCT_CHANGE: &[Field] = &product(filled("sku", Check::AtMost(100)));

const fn product(sku: Field) -> [Field; 14] {
    [
        sku,
        optional("name", Check::AtMost(255)),
        optional("price", Check::Amount),
        optional("weight", Check::Amount),
        optional("barcode", Check::AtMost(15)),
        optional("commodity_code", Check::AtMost(100)),
        optional("commodity_description", Check::AtMost(100)),
        optional("commodity_manucountry", Check::AtMost(100)),
        optional("commodity_composition", Check::AtMost(100)),
        optional("mid_code", Check::AtMost(25)),
        optional("length", Check::Amount),
        optional("width", Check::Amount),
        optional("height", Check::Amount),
        optional("thumbnail_url", Check::Image),
    ]
}

/// A new tag.
pub(super) const TAG: &[Field] = &tag(required("name", Check::AtMost(50)));

/// What changes of a tag.
pub(super) const TAG_CHANGE: &[Field] = &tag(filled("name", Check::AtMost(50)));

const fn tag(name: Field) -> [Field; 3] {
    [name, optional("background_colour", Check::Color), optional("text_colour", Check::Color)]
}

/// A picking list; its rows need one of two members, which the rule sees to.
pub(super) const PICKING_LIST: &[Field] = &[required("shipments", Check::List(PICKED))];

const PICKED: &[Field] = &[optional("reference_1", Check::Scalar), optional("reference_2", Check::Scalar)];
