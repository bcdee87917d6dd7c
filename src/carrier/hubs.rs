//! Where carriers sort: a few towns of large countries; elsewhere the town that the country's time zone is called after.

use crate::carrier::parcel::Location;
use crate::carrier::places::Place;

/// Country, town, state, postal code, latitude, longitude.
type Hub = (&'static str, &'static str, &'static str, &'static str, f64, f64);

const HUBS: [Hub; 51] = [
    ("US", "Memphis", "TN", "38118", 35.1, -90.0),
    ("US", "Louisville", "KY", "40213", 38.2, -85.7),
    ("US", "Newark", "NJ", "07114", 40.7, -74.2),
    ("US", "Hodgkins", "IL", "60525", 41.8, -87.9),
    ("US", "Atlanta", "GA", "30336", 33.7, -84.5),
    ("US", "Miami", "FL", "33152", 25.8, -80.3),
    ("US", "Fort Worth", "TX", "76177", 33.0, -97.3),
    ("US", "Denver", "CO", "80239", 39.8, -104.9),
    ("US", "Ontario", "CA", "91761", 34.0, -117.6),
    ("US", "Oakland", "CA", "94621", 37.7, -122.2),
    ("US", "Seattle", "WA", "98168", 47.5, -122.3),
    ("US", "Anchorage", "AK", "99502", 61.2, -149.9),
    ("US", "Honolulu", "HI", "96819", 21.3, -157.9),
    ("GB", "Hinckley", "", "LE10 3BQ", 52.5, -1.4),
    ("GB", "Warrington", "", "WA2 8TX", 53.4, -2.6),
    ("GB", "Normanton", "", "WF6 1TN", 53.7, -1.4),
    ("GB", "Enfield", "", "EN3 7PL", 51.7, 0.0),
    ("GB", "Bristol", "", "BS11 0YB", 51.5, -2.7),
    ("GB", "Cumbernauld", "", "G67 3EN", 56.0, -4.0),
    ("GB", "Newtownabbey", "", "BT36 4RT", 54.7, -5.9),
    ("CA", "Mississauga", "ON", "L5S 1B6", 43.7, -79.7),
    ("CA", "Dorval", "QC", "H9P 1A2", 45.5, -73.7),
    ("CA", "Winnipeg", "MB", "R3H 0X4", 49.9, -97.2),
    ("CA", "Calgary", "AB", "T2E 6W5", 51.1, -114.0),
    ("CA", "Richmond", "BC", "V7B 1V3", 49.2, -123.2),
    ("CA", "Dartmouth", "NS", "B3B 1X8", 44.7, -63.6),
    ("AU", "Bankstown", "NSW", "2200", -33.9, 151.0),
    ("AU", "Tullamarine", "VIC", "3043", -37.7, 144.9),
    ("AU", "Eagle Farm", "QLD", "4009", -27.4, 153.1),
    ("AU", "Perth Airport", "WA", "6105", -31.9, 116.0),
    ("DE", "Leipzig", "", "04435", 51.4, 12.2),
    ("DE", "Köln", "", "51147", 50.9, 7.1),
    ("DE", "Hamburg", "", "22525", 53.6, 9.9),
    ("DE", "Aschheim", "", "85609", 48.2, 11.7),
    ("FR", "Roissy-en-France", "", "95700", 49.0, 2.5),
    ("FR", "Saint-Priest", "", "69800", 45.7, 4.9),
    ("FR", "Toulouse", "", "31200", 43.6, 1.4),
    ("ES", "Coslada", "", "28823", 40.4, -3.5),
    ("ES", "Barcelona", "", "08040", 41.3, 2.1),
    ("IT", "Peschiera Borromeo", "MI", "20068", 45.4, 9.3),
    ("IT", "Fiumicino", "RM", "00054", 41.8, 12.2),
    ("NL", "Eindhoven", "", "5657", 51.4, 5.4),
    ("BE", "Liège", "", "4460", 50.6, 5.4),
    ("IE", "Athlone", "", "N37", 53.4, -7.9),
    ("PL", "Stryków", "", "95-010", 51.9, 19.6),
    ("MX", "Cuautitlán Izcalli", "MEX", "54769", 19.6, -99.2),
    ("MX", "Apodaca", "NLE", "66600", 25.8, -100.2),
    ("BR", "Guarulhos", "SP", "07190-100", -23.4, -46.5),
    ("BR", "Recife", "PE", "51210-001", -8.1, -34.9),
    ("IN", "New Delhi", "DL", "110037", 28.6, 77.1),
    ("CN", "Shanghai", "", "201207", 31.2, 121.6),
];

/// The hub of a place's country that lies nearest to another place; `None` in a country that nobody knows.
pub(super) fn nearest(country: &Place, to: &Place) -> Option<Location> {
    let apart = |hub: &Hub| to.kilometers(hub.4, hub.5).unwrap_or_default();
    let own = HUBS.iter().filter(|hub| hub.0 == country.country()).min_by(|left, right| apart(left).total_cmp(&apart(right)));
    let (city, state, zip) = match own {
        Some((_, city, state, zip, ..)) => ((*city).to_owned(), *state, *zip),
        None if country.country().is_empty() => return None,
        None => (country.town(), "", ""),
    };
    Some(Location { city, state: state.to_owned(), zip: zip.to_owned(), country: country.country().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(country: &str, state: &str, zip: &str, expected: Option<&str>) {
        let at = Location { city: String::new(), state: state.to_owned(), zip: zip.to_owned(), country: country.to_owned() };
        assert_eq!(nearest(Place::of(&at), Place::of(&at)).map(|hub| hub.city).as_deref(), expected, "{country} {state} {zip}");
    }

    #[test]
    fn the_nearest_hub_of_the_country_is_found() {
        check("US", "CA", "94103", Some("Oakland"));
        check("US", "NY", "10007", Some("Newark"));
        check("GB", "", "DE1 1EE", Some("Hinckley"));
        check("GB", "", "IV1 1AA", Some("Cumbernauld"));
        check("CA", "ON", "M5S 2C6", Some("Mississauga"));
        check("GR", "", "10431", Some("Athens"));
        check("Atlantis", "", "", None);
    }
}
