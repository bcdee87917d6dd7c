//! One folder for each emulated API version; the list that names them all.

/// A vendor with the documents that are built into the binary: as JSON, and as their authors wrote them; and its examples.
macro_rules! vendor {
    ($id:literal) => {
        $crate::engine::Vendor {
            examples: include_str!(concat!(env!("OUT_DIR"), "/", $id, "/examples.json")),
            ..$crate::engine::Vendor::new(
                $id,
                include_str!(concat!(env!("OUT_DIR"), "/", $id, "/openapi.json")),
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specs/", $id, "/openapi.yaml")),
            )
        }
    };
}

/// The catalog of a vendor, of which a test holds that it has the shape of its types.
macro_rules! catalog {
    ($id:literal) => {
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/", $id, "/catalog.json")))
            .unwrap_or_else(|error| panic!("the catalog of {}: {error}", $id))
    };
}

/// The tables of a vendor: the type of the documents, and their kind. Then those whose documents have the members of another one, and those
/// of the vendor itself.
macro_rules! tables {
    ($($type:ty: $kind:path),*; like: $($model:expr => $like_kind:path),*; shared: $($shared_type:ty: $shared_kind:path),*) => {
        &[
            $($crate::engine::Stored::of($kind, |text| $crate::engine::stored::read::<$type>(text)),)*
            $($crate::engine::Stored::of($like_kind, |text| $crate::engine::stored::read_like(text, &$model)),)*
            $($crate::engine::Stored::shared($shared_kind, |text| $crate::engine::stored::read::<$shared_type>(text)),)*
        ]
    };
}

/// Where the documents of a vendor name others, by JSON pointers; then where they have words that the vendor knows.
macro_rules! references {
    ($($from:path: $at:literal => $to:path),*; words: $($word_from:path: $word_at:literal => $is_known:expr),*) => {
        &[
            $($crate::engine::Reference::document($from, $at, $to),)*
            $($crate::engine::Reference::word($word_from, $word_at, $is_known),)*
        ]
    };
}

/// The carriers of a catalog, and the services of each, by the members that name them.
macro_rules! services {
    ($carriers:expr, $carrier:ident, $service:ident) => {
        $carriers.iter().map(|row| (&*row.$carrier, row.services.iter().map(|service| &*service.$service).collect())).collect()
    };
}

pub mod shipmate;
pub mod shippo;
pub mod shipstation;
pub mod shiptheory;
pub mod shiptime;

use crate::engine::Vendor;

/// Every vendor, in the order in which people see them.
#[must_use]
pub fn all() -> Vec<Vendor> {
    vec![
        shipmate::vendor(),
        shipmate::vendor_v1_2(),
        shippo::vendor(),
        shipstation::v1::vendor(),
        shipstation::v2::vendor(),
        shiptheory::vendor(),
        shiptime::vendor(),
    ]
}
