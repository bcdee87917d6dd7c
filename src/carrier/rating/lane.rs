//! How far it is between two places, as carriers count it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::TARIFFS;
use crate::carrier::parcel::Location;
use crate::carrier::places::Place;
use crate::carrier::postal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zones {
    us: Inland,
    canada: Canada,
    #[serde(deserialize_with = "by_country")]
    world: BTreeMap<String, u8>,
    elsewhere: u8,
}

#[derive(Deserialize)]
struct Inland {
    miles: Vec<f64>,
    far: u8,
    far_states: Vec<String>,
}

#[derive(Deserialize)]
struct Canada {
    kilometers: [f64; 2],
}

/// The zones of a lane, by every way of counting.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    /// Inside a country, as in the United States: 1 is next door.
    pub inland: Option<u8>,
    /// From one country to another.
    pub world: Option<u8>,
    /// As Canadian carriers count: 1 to 4 at home, 5 to and in the United States, 6 elsewhere.
    pub canada: Option<u8>,
    /// Whether parcels get to the recipient later than to the rest of the country.
    pub is_remote: bool,
}

impl Lane {
    /// The lane between two places; countries are given by two letters.
    #[must_use]
    pub fn between(from: &Location, to: &Location) -> Self {
        let zones = &TARIFFS.zones;
        let (start, end) = (Place::of(from), Place::of(to));
        let is_inland = from.country == to.country;
        let america = |location: &Location| ["CA", "US"].contains(&location.country.as_str());
        let canada = match (from.country.as_str(), to.country.as_str()) {
            ("CA", "CA") => canadian(from, to, start, end),
            _ if america(from) && america(to) => 5,
            _ => 6,
        };
        Self {
            inland: is_inland.then(|| inland(from, to, start, end)),
            world: (!is_inland).then(|| zones.world.get(&to.country).copied().unwrap_or(zones.elsewhere)),
            canada: Some(canada),
            is_remote: end.is_remote(),
        }
    }
}

fn inland(from: &Location, to: &Location, start: &Place, end: &Place) -> u8 {
    let zones = &TARIFFS.zones.us;
    let is_known = |location: &Location| postal::area(location).is_some();
    if from.country == "US" && from.zip.get(..3) == to.zip.get(..3) && !from.zip.is_empty() {
        return 1;
    }
    let farthest = u8::try_from(zones.miles.len()).map_or(u8::MAX, |count| count + 2);
    if from.country == "US" && !(is_known(from) && is_known(to)) {
        return farthest;
    }
    let state = |location: &Location| postal::area(location).map(|area| area.state.as_str());
    let (one, other) = (state(from), state(to));
    if one != other && [one, other].into_iter().flatten().any(|state| zones.far_states.iter().any(|far| far == state)) {
        return zones.far;
    }
    let Some(kilometers) = kilometers(from, to, start, end) else { return 1 };
    2 + u8::try_from(zones.miles.iter().filter(|bound| kilometers > **bound * 1.609_344).count()).unwrap_or_default()
}

fn canadian(from: &Location, to: &Location, start: &Place, end: &Place) -> u8 {
    if start.is_remote() || end.is_remote() {
        return 4;
    }
    let kilometers = kilometers(from, to, start, end).unwrap_or_default();
    let bounds = &TARIFFS.zones.canada.kilometers;
    1 + u8::try_from(bounds.iter().filter(|bound| kilometers > **bound).count()).unwrap_or_default()
}

/// Between the areas of two postal codes; where one has none in our tables, between the parts of their countries.
fn kilometers(from: &Location, to: &Location, start: &Place, end: &Place) -> Option<f64> {
    match (postal::area(from), postal::area(to)) {
        (Some(one), Some(other)) => Some(one.kilometers_to(other)),
        _ => start.kilometers_to(end),
    }
}

/// The zone of each country, from the countries of each zone.
fn by_country<'de, D: serde::Deserializer<'de>>(source: D) -> Result<BTreeMap<String, u8>, D::Error> {
    let zones: BTreeMap<u8, Vec<String>> = Deserialize::deserialize(source)?;
    Ok(zones.into_iter().flat_map(|(zone, countries)| countries.into_iter().map(move |country| (country, zone))).collect())
}
