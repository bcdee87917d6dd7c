//! Tags, which both versions have; this one knows them by their names.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::dialect::taken;
use super::super::wire::{Members, shipment};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::wire::{self as shared, TAG};

/// All of them, not paged.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let rows: Vec<Value> = cx.docs.all::<Members>(TAG).iter().map(|tag| json!({ "name": tag["name"] })).collect();
    Ok(Reply::ok(json!({ "tags": rows })))
}

/// A tag of the name in the path, or else in the body, new or known.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let name = cx.call.parameter("tag_name").or_else(|| cx.call.body["name"].as_str()).unwrap_or_default().to_owned();
    add(cx, &name);
    Ok(Reply::ok(json!({ "name": name })))
}

/// Adds a tag, unless there is one of that name.
pub(crate) fn add(cx: &mut Cx<'_>, name: &str) {
    if find(cx, name).is_none() {
        let id = shared::next_id(cx, &TAG);
        cx.docs.put(TAG, &id.to_string(), &json!({ "tagId": id, "name": name, "color": "#808080" }));
    }
}

fn find(cx: &Cx<'_>, name: &str) -> Option<(String, Members)> {
    let mut tags = cx.docs.list::<Members>(TAG);
    tags.find(|tag| tag["name"] == name).map(|tag| (tag["tagId"].to_string(), tag))
}

fn named(cx: &Cx<'_>) -> Result<(String, Members), Refusal> {
    let name = cx.call.parameter("tag_name").unwrap_or_default();
    find(cx, name).ok_or_else(|| Refusal::missing(TAG, name))
}

/// Deletes a tag, which shipments lose as well.
pub(crate) fn delete(cx: &mut Cx<'_>) -> Outcome {
    let (id, tag) = named(cx)?;
    replace(cx, &tag["name"], None);
    cx.docs.remove(TAG, &id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Another name, also on shipments.
pub(crate) fn rename(cx: &mut Cx<'_>) -> Outcome {
    let (id, mut tag) = named(cx)?;
    let name = Value::from(cx.call.parameter("new_tag_name").unwrap_or_default());
    if find(cx, name.as_str().unwrap_or_default()).is_some_and(|(other, _)| other != id) {
        return Err(taken("new_tag_name", name.as_str().unwrap_or_default()));
    }
    let before = tag.insert("name".to_owned(), name.clone()).unwrap_or_default();
    cx.docs.put(TAG, &id, &tag);
    replace(cx, &before, Some(name));
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn replace(cx: &mut Cx<'_>, before: &Value, after: Option<Value>) {
    let numbers: Vec<u64> = shipment::all(cx).iter().map(|row| row.number).collect();
    for number in numbers {
        let tags = shipment::view(cx, number).and_then(|shipment| shipment["tags"].as_array().cloned()).unwrap_or_default();
        if tags.iter().any(|tag| tag["name"] == *before) {
            let kept = tags.iter().filter_map(|tag| if tag["name"] == *before { after.clone() } else { Some(tag["name"].clone()) });
            let kept: Value = kept.map(|name| json!({ "name": name })).collect();
            shipment::change(cx, number, &[("tags", kept)]);
        }
    }
}
