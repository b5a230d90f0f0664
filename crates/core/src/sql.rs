//! Purpose: a statement with its bound parameters, and typed rows out of a result.
//!
//! Not here: any SQL. That stands in the `store.rs` files.

use crate::{
    json,
    ports::{DbError, StatementResult},
};
use serde::{Serialize, de::DeserializeOwned};
use twilight_model::id::Id;

/// The largest integer that survives D1's path through JavaScript numbers.
pub const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// A bound parameter. Snowflakes are text: above 2^53 a number loses digits on its way through JavaScript.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub sql: &'static str,
    pub params: Vec<Value>,
}

impl Statement {
    pub fn new(sql: &'static str) -> Self {
        Self { sql, params: Vec::new() }
    }

    /// Binds the next `?n`.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.params.push(value.into());
        self
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl<T> From<Id<T>> for Value {
    fn from(value: Id<T>) -> Self {
        Self::Text(value.to_string())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl StatementResult {
    /// All rows, typed. A column that does not fit the type is a defect of the store, told as `DbError::Failed`.
    pub fn all<T: DeserializeOwned>(&self) -> Result<Vec<T>, DbError> {
        json::list(&self.rows).map_err(|error| DbError::Failed(format!("a row does not fit its type: {error}")))
    }

    /// The first row, if there is one.
    pub fn first<T: DeserializeOwned>(&self) -> Result<Option<T>, DbError> {
        Ok(self.all::<T>()?.into_iter().next())
    }
}

/// D1 gives booleans as 0 and 1.
pub fn bool_from_int<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value: i64 = serde::Deserialize::deserialize(deserializer)?;
    Ok(value != 0)
}
