//! What the paths of a document show as one kind of things, as data.

use crate::engine::described::parcels::ParcelMap;
use crate::spec::SchemaId;
use crate::world::Kind;

/// One kind of things, with where it stands in the document.
pub(crate) struct Kept {
    pub kind: Kind,
    /// The path that they are listed at.
    pub collection: String,
    /// The member that is their id.
    pub id: String,
    /// The schema of one of them.
    pub shape: SchemaId,
    /// How they are parcels, if they are.
    pub parcel: Option<ParcelMap>,
    /// The operations of the document with what they do.
    pub acts: Vec<(String, Act)>,
}

/// What an operation does with things of its kind.
#[derive(Clone)]
pub(crate) enum Act {
    Create,
    Read,
    /// With the parameters of its query that filter, and the member that each is compared with.
    List(Vec<(String, String)>),
    /// What is left out becomes what it is in a new thing.
    Replace,
    /// What is left out stays.
    Change,
    Delete,
}
