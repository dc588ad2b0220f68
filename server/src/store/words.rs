//! Between values of the program and the text that the control store keeps of them: enum words and JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::StoreError;

/// The word of an enum without fields, as the API writes it.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Reads what [`word`] wrote.
pub(crate) fn of_word<T: DeserializeOwned>(
    what: &'static str,
    word: String,
) -> Result<T, StoreError> {
    serde_json::from_value(Value::String(word)).map_err(|error| StoreError::content(what, error))
}

/// A value as JSON text.
pub(crate) fn json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::content(what, error))
}

/// Reads what [`json`] wrote.
pub(crate) fn of_json<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::content(what, error))
}

/// A count for a column; what does not fit was wrong long before.
pub(crate) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
