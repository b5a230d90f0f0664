//! Purpose: the `Db` port on D1.

use crate::env;
use async_trait::async_trait;
use muster_core::{
    ports::{Db, DbError, StatementResult},
    sql::{Statement, Value},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{D1Database, Env};

#[wasm_bindgen(module = "/src/ports/d1.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn d1_batch(db: &JsValue, request: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn d1_together(db: &JsValue, request: &str) -> Result<JsValue, JsValue>;
}

/// Named here only so that the file is built in: `d1.js` imports it.
#[wasm_bindgen(module = "/src/ports/together.js")]
extern "C" {
    type Together;
}

pub struct D1 {
    env: Env,
    /// Looked up once: finding a binding by name and checking its type is several calls into JavaScript.
    db: OnceCell<D1Database>,
    numbers: RefCell<Numbers>,
}

impl D1 {
    pub fn new(env: Env) -> Self {
        Self { env, db: OnceCell::new(), numbers: RefCell::default() }
    }

    fn database(&self) -> worker::Result<&D1Database> {
        if let Some(known) = self.db.get() {
            return Ok(known);
        }
        let found = env::database(&self.env)?;
        Ok(self.db.get_or_init(|| found))
    }
}

#[derive(Deserialize)]
struct WireResult {
    rows: Box<RawValue>,
    changes: u64,
}

impl From<WireResult> for StatementResult {
    fn from(wire: WireResult) -> Self {
        Self { rows: wire.rows, changes: wire.changes }
    }
}

/// A statement as `d1.js` takes it: its number, its parameters, and its text where that is new to this isolate.
#[derive(Serialize)]
struct WireStatement<'a>(usize, &'a [Value], #[serde(skip_serializing_if = "Option::is_none")] Option<&'a str>);

/// Numbers the statements of this program: each text crosses into JavaScript once. There are as many as functions in
/// the `store.rs` files.
#[derive(Default)]
struct Numbers(HashMap<*const u8, usize>);

impl Numbers {
    fn wire<'a>(&mut self, statement: &'a Statement) -> WireStatement<'a> {
        let next = self.0.len();
        let number = *self.0.entry(statement.sql.as_ptr()).or_insert(next);
        WireStatement(number, &statement.params, (number == next).then_some(statement.sql))
    }
}

#[async_trait(?Send)]
impl Db for D1 {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<StatementResult>, DbError> {
        let failed = |error: &dyn std::fmt::Display| DbError::Failed(error.to_string());
        // First, so that a text that was numbered is also sent.
        let db = self.database().map_err(|error| failed(&error))?;
        let request = {
            let mut numbers = self.numbers.borrow_mut();
            let wire: Vec<_> = statements.iter().map(|one| numbers.wire(one)).collect();
            serde_json::to_string(&wire).map_err(|error| failed(&error))?
        };
        let answer = d1_batch(db.as_ref(), &request).await.map_err(|error| DbError::from_message(&message(&error)))?;
        let text = answer.as_string().unwrap_or_default();
        let results: Vec<WireResult> = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        Ok(results.into_iter().map(StatementResult::from).collect())
    }

    async fn together(&self, statement: Statement) -> Result<StatementResult, DbError> {
        let failed = |error: &dyn std::fmt::Display| DbError::Failed(error.to_string());
        let db = self.database().map_err(|error| failed(&error))?;
        let request =
            serde_json::to_string(&self.numbers.borrow_mut().wire(&statement)).map_err(|error| failed(&error))?;
        match d1_together(db.as_ref(), &request).await {
            Ok(answer) => {
                let result: WireResult =
                    serde_json::from_str(&answer.as_string().unwrap_or_default()).map_err(|error| failed(&error))?;
                Ok(result.into())
            }
            Err(error) => match DbError::from_message(&message(&error)) {
                // Perhaps another one's fault, and nothing was written: this one alone.
                DbError::Constraint(_) | DbError::Failed(_) => {
                    self.batch(vec![statement]).await?.pop().ok_or_else(|| failed(&"D1 answered without a result"))
                }
                error => Err(error),
            },
        }
    }
}

fn message(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}
