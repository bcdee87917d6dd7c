//! The classes of ShipTime's request bodies, their members in the order the parser prints them.
//!
//! Recorded: the name of `RateRequest`, its members and their order, and the order of the pickup locations. The names and
//! orders of the others are inferred from the published schemas.

use super::jackson::{Choice, Class, Shape};

pub(crate) static RATE_REQUEST: Class = Class {
    name: "com.shiptime.rest.payload.RateRequest",
    members: &[
        ("packageType", Shape::Choice(&PACKAGE_TYPE)),
        ("unitOfMeasurement", Shape::Choice(&UNITS)),
        ("insuranceType", Shape::Choice(&INSURANCE)),
        ("serviceOptions", Shape::List(&Shape::Choice(&OPTION))),
        ("from", Shape::Object(&ADDRESS)),
        ("to", Shape::Object(&ADDRESS)),
        ("lineItems", Shape::List(&Shape::Object(&LINE_ITEM))),
        ("waitTimeLimit", Shape::Integer),
        ("shipDate", Shape::Moment),
        ("customsInvoice", Shape::Object(&CUSTOMS_INVOICE)),
    ],
};

pub(crate) static SHIP_REQUEST: Class = Class {
    name: "com.shiptime.rest.payload.ShipRequest",
    members: &[
        ("rateRequest", Shape::Object(&RATE_REQUEST)),
        ("carrierId", Shape::Text),
        ("serviceId", Shape::Text),
        ("quoteId", Shape::Text),
        ("pickupDetail", Shape::Object(&PICKUP_DETAIL)),
        ("ref1", Shape::Text),
        ("ref2", Shape::Text),
    ],
};

pub(crate) static PICKUP_REQUEST: Class = Class {
    name: "com.shiptime.rest.payload.PickupRequest",
    members: &[("shipId", Shape::Integer), ("pickupDetail", Shape::Object(&PICKUP_DETAIL))],
};

static PICKUP_DETAIL: Class = Class {
    name: "com.shiptime.rest.model.PickupDetailModel",
    members: &[
        ("location", Shape::Choice(&PICKUP_LOCATION)),
        ("otherLocation", Shape::Text),
        ("pickupTip", Shape::Object(&MONEY)),
        ("pickupDate", Shape::Day),
        ("readyTime", Shape::Text),
        ("closeTime", Shape::Text),
    ],
};

static ADDRESS: Class = Class {
    name: "com.shiptime.rest.model.AddressModel",
    members: &[
        ("companyName", Shape::Text),
        ("streetAddress", Shape::Text),
        ("streetAddress2", Shape::Text),
        ("city", Shape::Text),
        ("countryCode", Shape::Text),
        ("state", Shape::Text),
        ("postalCode", Shape::Text),
        ("attention", Shape::Text),
        ("email", Shape::Text),
        ("phone", Shape::Text),
        ("instructions", Shape::Text),
        ("residential", Shape::Flag),
        ("notify", Shape::Flag),
    ],
};

static INVOICE_CONTACT: Class = Class {
    name: "com.shiptime.rest.model.InvoiceContactModel",
    members: &[
        ("companyName", Shape::Text),
        ("streetAddress", Shape::Text),
        ("streetAddress2", Shape::Text),
        ("city", Shape::Text),
        ("countryCode", Shape::Text),
        ("state", Shape::Text),
        ("postalCode", Shape::Text),
        ("attention", Shape::Text),
        ("email", Shape::Text),
        ("phone", Shape::Text),
        ("instructions", Shape::Text),
        ("residential", Shape::Flag),
        ("notify", Shape::Flag),
        ("customsBroker", Shape::Text),
        ("shipperTaxId", Shape::Text),
        ("recipientTaxId", Shape::Text),
        ("iorTaxId", Shape::Text),
    ],
};

static LINE_ITEM: Class = Class {
    name: "com.shiptime.rest.model.LineItemModel",
    members: &[
        ("length", Shape::Number),
        ("width", Shape::Number),
        ("height", Shape::Number),
        ("weight", Shape::Number),
        ("declaredValue", Shape::Object(&MONEY)),
        ("description", Shape::Text),
        ("nmfcCode", Shape::Text),
        ("freightClass", Shape::Text),
    ],
};

static MONEY: Class = Class {
    name: "com.shiptime.rest.model.MoneyAmountModel",
    members: &[("currency", Shape::Choice(&CURRENCY)), ("amount", Shape::Integer)],
};

static CUSTOMS_INVOICE: Class = Class {
    name: "com.shiptime.rest.model.CustomsInvoiceModel",
    members: &[
        ("invoiceContact", Shape::Object(&INVOICE_CONTACT)),
        ("dutiesAndTaxes", Shape::Object(&DUTIES)),
        ("currency", Shape::Choice(&CURRENCY)),
        ("invoiceItems", Shape::List(&Shape::Object(&INVOICE_ITEM))),
        ("reasonForExport", Shape::Choice(&EXPORT_REASON)),
    ],
};

static DUTIES: Class = Class {
    name: "com.shiptime.rest.model.DutiesAndTaxesModel",
    members: &[("dutiable", Shape::Flag), ("paidBy", Shape::Choice(&PAID_BY))],
};

static INVOICE_ITEM: Class = Class {
    name: "com.shiptime.rest.model.InvoiceItemModel",
    members: &[
        ("quantity", Shape::Integer),
        ("code", Shape::Text),
        ("description", Shape::Text),
        ("origin", Shape::Text),
        ("provinceOrState", Shape::Text),
        ("unitPrice", Shape::Integer),
        ("weight", Shape::Number),
    ],
};

const fn choice(class: &'static str, names: &'static [&'static str]) -> Choice {
    Choice { class, names, also: &[] }
}

static PACKAGE_TYPE: Choice = choice("com.shiptime.rest.model.PackageType", &["PACKAGE", "LETTER", "PAK", "MY_ENVELOPE", "PALLET"]);
static UNITS: Choice = choice("com.shiptime.rest.model.UnitOfMeasurement", &["IMPERIAL", "METRIC"]);
static INSURANCE: Choice = choice("com.shiptime.rest.model.InsuranceType", &["SHIPTIME", "CARRIER"]);
static CURRENCY: Choice = choice("com.shiptime.rest.model.Currency", &["CAD", "USD"]);
static PAID_BY: Choice = choice("com.shiptime.rest.model.PaidBy", &["CONSIGNEE", "SHIPPER"]);
static EXPORT_REASON: Choice =
    choice("com.shiptime.rest.model.ReasonForExport", &["COMMERCIAL", "GIFT", "SAMPLE", "PERSONAL", "RETURN_AND_REPAIR"]);
static OPTION: Choice = choice(
    "com.shiptime.rest.model.ServiceOption",
    &[
        "APPOINTMENT",
        "SIGNATURE",
        "SIGNATURE_ADULT",
        "NO_SIGNATURE_REQUIRED",
        "SPECIAL_HANDLING",
        "SPECIAL_EQUIPMENT",
        "TAILGATE_ORIGIN",
        "TAILGATE_DESTINATION",
        "SINGLE_SHIPMENT",
        "LIMITED_ACCESS",
        "MILITARY_BASE_DELIVERY",
        "HOMELAND_SECURITY",
        "INSIDE_DELIVERY",
        "RTS",
        "ABAN",
        "SATURDAY_DELIVERY",
    ],
);
/// The live parser lists `ShippingRoom` where the published document has `Shipping`; both are accepted.
static PICKUP_LOCATION: Choice = Choice {
    class: "com.shiptime.rest.model.PickupLocation",
    names: &[
        "Receiving",
        "Warehouse",
        "SideDoor",
        "Garage",
        "Kiosk",
        "ShippingRoom",
        "Basement",
        "Other",
        "MailRoom",
        "Pharmacy",
        "Mailbox",
        "BackDoor",
        "Lobby",
        "FrontDoor",
        "Office",
        "ServiceCounter",
        "Reception",
        "PartsDepartment",
        "LoadingDock",
    ],
    also: &["Shipping"],
};
