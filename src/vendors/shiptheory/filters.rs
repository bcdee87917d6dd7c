//! The filters of search and list: equality with a member of the shipment, all of them at once.
//!
//! The database behind Shiptheory compares texts without their case; the guide names the status and the carrier name as
//! exceptions. Names carry a literal dot, so they are read from the raw query rather than as PHP would.

use crate::engine::Call;
use crate::vendors::shiptheory::wire::{self, Shipment};

/// The filters of a call that have a value.
pub(super) struct Filters<'c>(Vec<(&'c str, &'c str)>);

impl<'c> Filters<'c> {
    /// Reads them; the last of several values of a name counts.
    pub fn read(call: &'c Call<'_>) -> Self {
        Self(call.query.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.as_str(), value.as_str())).collect())
    }

    /// Whether every shipment passes.
    pub fn is_open(&self) -> bool {
        self.0.iter().all(|(name, _)| !is_known(name))
    }

    /// Whether a shipment passes.
    pub fn pass(&self, shipment: &Shipment) -> bool {
        self.0.iter().all(|(name, value)| passes(shipment, name, value))
    }
}

fn is_known(name: &str) -> bool {
    const TOP: [&str; 6] = ["created", "modified", "status", "channel_name", "channel_reference_id", "channel_reference_id_2"];
    TOP.contains(&name) || ["ShipmentDetails.", "DeliveryAddress.", "Couriers.", "Countries."].iter().any(|table| name.starts_with(table))
}

fn passes(shipment: &Shipment, name: &str, value: &str) -> bool {
    let same = |found: &str| found.to_lowercase() == value.to_lowercase();
    let some = |found: &Option<String>| found.as_deref().is_some_and(same);
    let equals = |found: f64| value.parse::<f64>().is_ok_and(|wanted| (wanted - found).abs() < 0.000_5);
    let (detail, address) = (&shipment.detail, &shipment.recipient);
    match name {
        "created" => wire::stamp(shipment.created).starts_with(value) && value.len() == 10,
        "modified" => wire::stamp(shipment.modified).starts_with(value) && value.len() == 10,
        "status" => shipment.status.word() == value,
        "channel_name" => same("Api"),
        "channel_reference_id" => same(&shipment.reference),
        "channel_reference_id_2" => same(&shipment.reference2),
        "ShipmentDetails.parcels" => equals(f64::from(detail.parcels)),
        "ShipmentDetails.weight" => equals(detail.weight),
        "ShipmentDetails.value" => equals(detail.value),
        "ShipmentDetails.duty_tax_number" => some(&detail.duty_tax_number),
        "ShipmentDetails.duty_tax_number_type" => some(&detail.duty_tax_number_type),
        "ShipmentDetails.channel_reference_id_3" => some(&detail.reference3),
        "Couriers.couriername" => shipment.carrier.as_deref() == Some(value),
        "Countries.code" => wire::alpha3(&address.country) == value.to_uppercase(),
        "DeliveryAddress.address_line_1" => same(&address.address_line_1),
        "DeliveryAddress.address_line_2" => some(&address.address_line_2),
        "DeliveryAddress.address_line_3" => some(&address.address_line_3),
        "DeliveryAddress.city" => same(&address.city),
        "DeliveryAddress.county" => some(&address.county),
        "DeliveryAddress.postcode" => same(&address.postcode),
        "DeliveryAddress.telephone" => some(&address.telephone),
        "DeliveryAddress.email" => some(&address.email),
        "DeliveryAddress.company" => some(&address.company),
        "DeliveryAddress.firstname" => same(&address.firstname),
        "DeliveryAddress.lastname" => same(&address.lastname),
        "DeliveryAddress.tax_number" => some(&address.tax_number),
        "DeliveryAddress.what_3_words" => some(&address.what3words),
        _ => true,
    }
}
