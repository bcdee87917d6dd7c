//! Settings of the account, and its images for labels.

use serde_json::json;

use super::super::wire::{IMAGE, Members};
use crate::base::ids;
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Reply};

/// One image at most is the default one.
pub(crate) static IMAGES: Resource = super::plain(IMAGE, "Image")
    .finished(|cx, _, document| {
        let others = cx.docs.list::<Members>(IMAGE).filter(|row| row["is_default"] == true && document["is_default"] == true);
        for mut other in others.collect::<Vec<_>>() {
            other.insert("is_default".to_owned(), false.into());
            cx.docs.put(IMAGE, other["label_image_id"].as_str().unwrap_or_default(), &other);
        }
        Ok(())
    })
    .with(&Conventions { new_id: |cx| format!("img_{}", ids::alphanumeric(&mut cx.rng, 22)), ..super::CONVENTIONS });

/// Inferred: how labels are laid out where nobody says it.
pub(crate) fn settings(_: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(json!({ "default_label_layout": "4x6" })))
}
