//! Purpose: JSON into types, and back, where size matters more than speed: through a value.
//!
//! Read from the text itself, each type brings a parser of its own into the Worker, 2.5 KB; through a value it is less than half of
//! that, and types that are read from values anyway bring nothing. Not for what is read with every interaction and every batch.

mod row;

use row::Row;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Result, Value, value::RawValue};

/// # Errors
/// What does not fit the type, or is no JSON.
pub fn from_slice<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    serde_json::from_value(serde_json::from_slice(json)?)
}

/// A type as a value, through its text: to serialize into values is another copy of the serializer of each type.
///
/// # Errors
/// What cannot be JSON, such as a map with keys that are no text.
pub fn to_value<T: Serialize + ?Sized>(of: &T) -> Result<Value> {
    serde_json::from_str(&serde_json::to_string(of)?)
}

/// The same for text.
///
/// # Errors
/// See [`from_slice`].
pub fn from_str<T: DeserializeOwned>(json: &str) -> Result<T> {
    from_slice(json.as_bytes())
}

/// A list of objects, one after the other: the values of all of them at once would take ten times their text.
///
/// # Errors
/// See [`from_slice`].
pub fn list<T: DeserializeOwned>(json: &RawValue) -> Result<Vec<T>> {
    let rows: Vec<&RawValue> = serde_json::from_str(json.get())?;
    let object = |row: &RawValue| serde_json::from_slice::<Value>(row.get().as_bytes());
    rows.into_iter().map(|row| T::deserialize(Row(object(row)?))).collect()
}
