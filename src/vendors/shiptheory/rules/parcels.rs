//! The parcels that tracking numbers stand for.

use jiff::civil::Time;

use crate::carrier::{Location, Parcel, Scan, Status, transit};
use crate::engine::Cx;

/// Starts a parcel's life.
pub(super) fn ship(
    cx: &mut Cx<'_>,
    tracking_number: &str,
    service: (&str, &str, u8, Option<Time>),
    subject: &str,
    way: (Location, Location),
) {
    let (carrier, service, days, by) = service;
    let (from, to) = way;
    let transit_days = transit::days(days, &from, &to);
    cx.create_parcel(Parcel {
        tracking_number: tracking_number.to_owned(),
        carrier: carrier.to_owned(),
        service: service.to_owned(),
        subject: subject.to_owned(),
        from,
        to,
        created: cx.now,
        transit_days,
        by,
        scans: vec![Scan::new(cx.now, Status::Created)],
        ..Parcel::default()
    });
}
