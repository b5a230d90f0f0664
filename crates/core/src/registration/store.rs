//! Purpose: the SQL of deployment, the few values that belong to this deployment itself.

use crate::sql::Statement;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct ValueRow {
    pub value: String,
}

pub fn get(key: &str) -> Statement {
    Statement::new("SELECT value FROM deployment WHERE key = ?1").bind(key)
}

pub fn put(key: &str, value: &str) -> Statement {
    Statement::new("INSERT INTO deployment (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")
        .bind(key)
        .bind(value)
}
