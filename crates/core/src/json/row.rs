//! Purpose: an object into a type by the names of its fields, in few bytes of code.
//!
//! A derived `Deserialize` knows two ways: by a map, where it compares each name, keeps each field until all are there and looks for
//! doubled ones; or by a sequence in the order of the declaration. The first is 2 KB of the Worker for each type, the second a third of
//! that. So the object is read here by the names that the type gives, and handed over as that sequence.

use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Unexpected, Visitor};
use serde_json::{Error, Map, Value};

/// A value whose objects are read by sequences.
pub struct Row(pub Value);

/// How `serde_json` names the types that only it can make.
const OF_SERDE_JSON: &str = "$serde_json";

impl<'de> Deserializer<'de> for Row {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(values) => visitor.visit_seq(Fields { names: fields.iter(), values }),
            // Not by way of the value itself: that would bring the other way of reading along for every type.
            _ => Err(Error::invalid_type(Unexpected::Other("what is no object"), &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        if name.starts_with(OF_SERDE_JSON) {
            return self.0.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier ignored_any
    }
}

/// The values of an object in the order in which a type names its fields.
struct Fields {
    names: std::slice::Iter<'static, &'static str>,
    values: Map<String, Value>,
}

impl<'de> SeqAccess<'de> for Fields {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(name) = self.names.next() else { return Ok(None) };
        match self.values.remove(*name) {
            Some(value) => seed.deserialize(Row(value)).map(Some).map_err(|error| of(name, &error)),
            // Optional ones are none; the others have their default, or the type says that something is missing.
            None => Ok(seed.deserialize(Missing).ok()),
        }
    }
}

#[cold]
fn of(name: &str, error: &Error) -> Error {
    Error::custom(format_args!("{name}: {error}"))
}

/// What is not there.
struct Missing;

impl<'de> Deserializer<'de> for Missing {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("missing"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;
    use twilight_model::id::{Id, marker::UserMarker};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Text,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Example {
        id: Id<UserMarker>,
        points: i64,
        share: f64,
        kind: Kind,
        note: Option<String>,
        #[serde(default)]
        many: Vec<u32>,
    }

    fn read(value: Value) -> Result<Example, Error> {
        Example::deserialize(Row(value))
    }

    #[test]
    fn columns_are_found_by_name_and_optional_ones_may_be_missing() {
        let whole =
            json!({ "many": [1, 2], "note": "x", "kind": "text", "share": 1, "points": -3, "id": "900", "other": 1 });
        let example = |note: Option<&str>, many: &[u32]| Example {
            id: Id::new(900),
            points: -3,
            share: 1.0,
            kind: Kind::Text,
            note: note.map(str::to_owned),
            many: many.to_vec(),
        };
        assert_eq!(read(whole).unwrap(), example(Some("x"), &[1, 2]));
        let few = json!({ "kind": "text", "share": 1.0, "points": -3, "id": "900", "note": null });
        assert_eq!(read(few).unwrap(), example(None, &[]));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let wrong = read(json!({ "id": "900", "points": "three", "share": 1, "kind": "text" })).unwrap_err();
        assert!(wrong.to_string().starts_with("points: invalid type: string"), "{wrong}");
        let missing = read(json!({ "id": "900", "share": 1, "kind": "text" })).unwrap_err();
        assert!(missing.to_string().contains("struct Example with 6 elements"), "{missing}");
        assert!(read(json!([])).is_err() && read(json!(null)).is_err());
    }
}
