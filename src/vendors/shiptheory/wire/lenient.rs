//! Parsed members whatever JSON type they come in.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub fn optional<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(reader).map(|value| super::text(&value))
}

pub fn text<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    optional(reader)?.ok_or_else(|| D::Error::custom("expected one value"))
}

pub fn maybe<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<f64>, D::Error> {
    Value::deserialize(reader).map(|value| super::decimal(&value))
}

pub fn number<'de, D: Deserializer<'de>>(reader: D) -> Result<f64, D::Error> {
    maybe(reader)?.ok_or_else(|| D::Error::custom("expected a number"))
}

pub fn integer<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<i64>, D::Error> {
    Value::deserialize(reader).map(|value| super::integer(&value))
}

pub fn count<'de, D: Deserializer<'de>>(reader: D) -> Result<u32, D::Error> {
    integer(reader)?.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| D::Error::custom("expected a count"))
}

pub fn flag<'de, D: Deserializer<'de>>(reader: D) -> Result<bool, D::Error> {
    let value = optional(reader)?;
    Ok(value.is_some_and(|text| !matches!(text.as_str(), "" | "0" | "false")))
}

pub fn integers<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<i64>, D::Error> {
    let value = Value::deserialize(reader)?;
    Ok(value.as_array().into_iter().flatten().filter_map(super::integer).collect())
}

/// What is there, unless there is nothing in it.
pub fn filled<'de, D: Deserializer<'de>, T: DeserializeOwned>(reader: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(reader)?;
    let empty = matches!(&value, Value::Null) || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
    if empty { Ok(None) } else { serde_json::from_value(value).map(Some).map_err(D::Error::custom) }
}
