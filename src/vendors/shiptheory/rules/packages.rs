//! Package sizes, which people keep in the web interface.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::engine::{Call, Cx, Outcome, Reply};
use crate::vendors::shiptheory::catalog::{CATALOG, PackageSize};
use crate::vendors::shiptheory::paging::Paging;
use crate::vendors::shiptheory::wire::{self, Number};

/// The sizes, sorted and in pages. A client sends the sort fields as filters too, which compare with equality.
pub(in super::super) fn sizes(cx: &mut Cx<'_>) -> Outcome {
    let paging = Paging::read(cx.call, &["id", "name", "length", "width", "height", "active"]);
    let mut rows: Vec<&PackageSize> = CATALOG.package_sizes.iter().filter(|size| passes(size, cx.call)).collect();
    paging.sort(&mut rows, |field, left, right| compare(field, left, right));
    let page = paging.cut(rows.len(), rows.iter().map(|size| view(size)))?;
    Ok(Reply::ok(json!({"package_sizes": page.rows, "pagination": page.by_rows()})))
}

fn compare(field: &str, left: &PackageSize, right: &PackageSize) -> Ordering {
    match field {
        "id" => left.id.cmp(&right.id),
        "name" => left.name.to_lowercase().cmp(&right.name.to_lowercase()),
        "length" => left.length.total_cmp(&right.length),
        "width" => left.width.total_cmp(&right.width),
        "height" => left.height.total_cmp(&right.height),
        _ => left.active.cmp(&right.active),
    }
}

fn passes(size: &PackageSize, call: &Call<'_>) -> bool {
    let wanted = |name: &str| call.query(name).filter(|text| !text.is_empty());
    let equals =
        |name: &str, found: f64| wanted(name).is_none_or(|text| text.parse::<f64>().is_ok_and(|number| (number - found).abs() < 0.005));
    equals("id", f64::from(size.id))
        && equals("length", size.length)
        && equals("width", size.width)
        && equals("height", size.height)
        && wanted("name").is_none_or(|name| name.eq_ignore_ascii_case(&size.name))
        && wanted("active").is_none_or(|active| !matches!(active, "0" | "false") == size.active)
}

fn view(size: &PackageSize) -> Value {
    json!({
        "id": size.id,
        "name": size.name,
        "length": Number(size.length),
        "width": Number(size.width),
        "height": Number(size.height),
        "active": size.active,
        "created": wire::stamp(size.created),
        "modified": wire::stamp(size.modified),
    })
}
