//! Purpose: the `Db` port on D1.

use crate::env;
use async_trait::async_trait;
use muster_core::{
    ports::{Db, DbError, StatementResult},
    sql::{Statement, Value},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::Env;

#[wasm_bindgen(module = "/src/ports/d1.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn d1_batch(db: &JsValue, request: &str) -> Result<JsValue, JsValue>;
}

pub struct D1 {
    env: Env,
}

impl D1 {
    pub fn new(env: Env) -> Self {
        Self { env }
    }
}

#[derive(Deserialize)]
struct WireResult {
    rows: Box<RawValue>,
    changes: u64,
}

fn json_params(params: &[Value]) -> Vec<serde_json::Value> {
    let json = params.iter().map(|value| match value {
        Value::Null => serde_json::Value::Null,
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
    });
    json.collect()
}

#[async_trait(?Send)]
impl Db for D1 {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<StatementResult>, DbError> {
        let failed = |error: &dyn std::fmt::Display| DbError::Failed(error.to_string());
        let request: Vec<_> = statements.iter().map(|one| (one.sql, json_params(&one.params))).collect();
        let request = serde_json::to_string(&request).map_err(|error| failed(&error))?;
        let db = env::database(&self.env).map_err(|error| failed(&error))?;
        let answer = d1_batch(db.as_ref(), &request).await.map_err(|error| DbError::from_message(&message(&error)))?;
        let text = answer.as_string().unwrap_or_default();
        let results: Vec<WireResult> = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        let results = results.into_iter().map(|one| StatementResult { rows: one.rows, changes: one.changes });
        Ok(results.collect())
    }
}

fn message(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}
