//! Tags, which shipments can be marked with.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::listing::{By, Listing};
use crate::engine::{Cx, Extract as _, Json, Outcome, Params, Refusal, Reply};
use crate::vendors::shiptheory::checks;
use crate::vendors::shiptheory::listing::{self, LISTING};
use crate::vendors::shiptheory::wire::{COUNTER, TAG, Tag, TagWish};

#[derive(Deserialize)]
pub(in super::super) struct TagId {
    id: String,
}

/// A tag is added under the next number, black with white letters unless told.
pub(in super::super) fn add(cx: &mut Cx<'_>, Json(wish): Json<TagWish>) -> Outcome {
    let name = wish.name.unwrap_or_default();
    is_free(cx, &name, None)?;
    let given = cx.docs.get::<u64>(COUNTER, "tag").unwrap_or(0);
    // Recorded: 1 to 329, with gaps, for all customers have one sequence.
    let id = cx.sequential_id(&TAG, 1, 330..9_000, given);
    let color = |wish: Option<String>, usual: &str| wish.filter(|color| !color.is_empty()).unwrap_or_else(|| usual.to_owned());
    let tag = Tag { id, name, background_colour: color(wish.background_colour, "#000"), text_colour: color(wish.text_colour, "#FFF") };
    cx.docs.put(COUNTER, "tag", &(given + 1));
    cx.docs.put(TAG, &id.to_string(), &tag);
    Ok(Reply::ok(tag))
}

const TAGS: Listing = Listing {
    sorting: listing::sorting(&[
        listing::key("name", "/name", By::Caseless),
        listing::key("background_colour", "/background_colour", By::Value),
        listing::key("text_colour", "/text_colour", By::Value),
    ]),
    ..LISTING
};

/// The tags, sorted and in pages.
pub(in super::super) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = TAGS.read(cx.call)?.documents(&cx.docs, TAG)?.read::<Value>();
    let pagination = listing::by_size(cx.call, &page);
    Ok(Reply::ok(json!({"tags": page.rows, "pagination": pagination})))
}

/// One tag.
pub(in super::super) fn view(cx: &mut Cx<'_>, Params(TagId { id }): Params<TagId>) -> Outcome {
    Ok(Reply::ok(cx.docs.require::<Tag>(TAG, &id)?))
}

/// Members that are sent replace those of the tag.
pub(in super::super) fn update(cx: &mut Cx<'_>, Params(TagId { id }): Params<TagId>) -> Outcome {
    let mut tag: Tag = cx.docs.require(TAG, &id)?;
    let Json(wish) = Json::<TagWish>::extract(cx.call)?;
    if let Some(name) = wish.name {
        is_free(cx, &name, Some(tag.id))?;
        tag.name = name;
    }
    for (member, wish) in [(&mut tag.background_colour, wish.background_colour), (&mut tag.text_colour, wish.text_colour)] {
        if let Some(color) = wish.filter(|color| !color.is_empty()) {
            *member = color;
        }
    }
    cx.docs.put(TAG, &id, &tag);
    Ok(Reply::ok(tag))
}

/// A tag is gone, also from the shipments that had it; there is nothing to say about it.
pub(in super::super) fn delete(cx: &mut Cx<'_>, Params(TagId { id }): Params<TagId>) -> Outcome {
    if cx.docs.remove(TAG, &id) { Ok(Reply::empty(http::StatusCode::OK)) } else { Err(Refusal::missing(TAG, id)) }
}

fn is_free(cx: &Cx<'_>, name: &str, own: Option<u64>) -> Result<(), Refusal> {
    let taken = cx.docs.list::<Tag>(TAG).any(|tag| tag.name.to_lowercase() == name.to_lowercase() && Some(tag.id) != own);
    // Documented: the guide keys this error by `sku`, although the field is `name`.
    if taken { Err(checks::failed("sku", "unique", "A tag with this name already exists")) } else { Ok(()) }
}
