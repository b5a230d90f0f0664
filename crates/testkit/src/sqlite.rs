//! Purpose: D1 for tests: the real migrations on SQLite, with D1's limits enforced.

use muster_core::{
    ports::{DbError, StatementResult},
    sql::{MAX_SAFE_INTEGER, Statement, Value},
};
use rusqlite::{Connection, limits::Limit, types::ValueRef};
use serde_json::{Map, value::to_raw_value};
use std::{cell::RefCell, collections::BTreeMap, path::Path};

/// D1's limits (Cloudflare's D1 "Limits" page).
const MAX_PARAMS: usize = 100;
const LIMITS: [(Limit, i32); 6] = [
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
    (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
];
/// Queries per invocation on Cloudflare's free plan are 50; a batch must leave room for what was read before it.
const MAX_STATEMENTS: usize = 25;

/// Tables that grow with members and time: reading one from end to end is billed row by row.
const LARGE: [&str; 14] = [
    "activity_hours",
    "audit_log",
    "giveaway_entries",
    "giveaway_log",
    "levels_members",
    "link_clicks",
    "link_counts",
    "link_visitors",
    "links",
    "mission_posts",
    "outbox",
    "points",
    "points_totals",
    "social_accounts",
];

pub struct SqliteDb {
    connection: RefCell<Connection>,
    /// The texts that ran, each with what SQLite would read from end to end.
    plans: RefCell<BTreeMap<&'static str, Vec<String>>>,
}

impl SqliteDb {
    /// An empty database with every migration of `d1-migrations` applied, in order.
    pub fn new() -> Self {
        let mut connection = Connection::open_in_memory().expect("SQLite opens in memory");
        for (name, sql) in migrations() {
            let transaction = connection.transaction().expect("a transaction starts");
            transaction.execute_batch(&sql).unwrap_or_else(|error| panic!("{name}: {error}"));
            transaction.commit().expect("a migration commits");
        }
        connection
            .execute_batch("PRAGMA foreign_keys = ON; CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT);")
            .expect("set up");
        for (name, _) in migrations() {
            connection.execute("INSERT INTO d1_migrations (name) VALUES (?1)", [name]).expect("noted");
        }
        for (limit, value) in LIMITS {
            connection.set_limit(limit, value).expect("limits can be set");
        }
        Self { connection: RefCell::new(connection), plans: RefCell::default() }
    }

    /// Statements that ran and read a large table from end to end, with the plan's line.
    pub fn scans(&self) -> Vec<String> {
        let plans = self.plans.borrow();
        plans.iter().flat_map(|(sql, scans)| scans.iter().map(move |scan| format!("{scan}: {sql}"))).collect()
    }

    fn note_plan(&self, connection: &Connection, sql: &'static str) -> rusqlite::Result<()> {
        if self.plans.borrow().contains_key(sql) {
            return Ok(());
        }
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        // Nothing is bound: a plan does not depend on the values.
        let mut rows = statement.raw_query();
        let mut details = Vec::new();
        while let Some(row) = rows.next()? {
            details.push(row.get::<_, String>("detail")?);
        }
        // An index that holds few rows is named in the line.
        let is_scan = |detail: &String| LARGE.iter().any(|table| detail.strip_prefix("SCAN ") == Some(*table));
        self.plans.borrow_mut().insert(sql, details.into_iter().filter(is_scan).collect());
        Ok(())
    }

    /// One transaction: all statements or none.
    pub fn batch(&self, statements: &[Statement]) -> Result<Vec<StatementResult>, DbError> {
        assert!(statements.len() <= MAX_STATEMENTS, "a batch of {} statements", statements.len());
        let mut connection = self.connection.borrow_mut();
        let transaction = connection.transaction().map_err(|error| failed(&error))?;
        let mut results = Vec::new();
        for statement in statements {
            results.push(run(&transaction, statement)?);
            self.note_plan(&transaction, statement.sql).map_err(|error| failed(&error))?;
        }
        transaction.commit().map_err(|error| failed(&error))?;
        Ok(results)
    }

    /// Rows of tables inserted, updated or deleted since the beginning; entries of indexes, which D1 bills too, are not in it.
    pub fn rows_written(&self) -> u64 {
        self.connection.borrow().total_changes()
    }

    /// For looking at rows in a story: the first column of every row, as text.
    pub fn column(&self, sql: &str) -> Vec<String> {
        let connection = self.connection.borrow();
        let mut statement = connection.prepare(sql).expect("the story's SQL is right");
        let rows = statement
            .query_map([], |row| {
                Ok(match row.get_ref(0)? {
                    ValueRef::Null => "NULL".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
                })
            })
            .expect("the story's SQL runs");
        rows.map(|row| row.expect("a row")).collect()
    }
}

impl Default for SqliteDb {
    fn default() -> Self {
        Self::new()
    }
}

/// Name and text of every migration, in order.
pub fn migrations() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../d1-migrations");
    let entries = std::fs::read_dir(folder).expect("d1-migrations exists");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a migration reads"))
        })
        .collect()
}

fn failed(error: &rusqlite::Error) -> DbError {
    let text = error.to_string();
    // D1 puts SQLite's text behind its own prefix; the words are the same.
    DbError::from_message(&format!("D1_ERROR: {text}"))
}

fn run(connection: &Connection, statement: &Statement) -> Result<StatementResult, DbError> {
    if statement.params.len() > MAX_PARAMS {
        return Err(DbError::Failed(format!("{} bound parameters, D1 takes 100", statement.params.len())));
    }
    let mut prepared = connection.prepare_cached(statement.sql).map_err(|error| failed(&error))?;
    let expected = prepared.parameter_count();
    if expected != statement.params.len() {
        return Err(DbError::Failed(format!(
            "{expected} parameters expected, {} bound: {}",
            statement.params.len(),
            statement.sql
        )));
    }
    for (index, value) in statement.params.iter().enumerate() {
        bind(&mut prepared, index + 1, value)?;
    }
    let names: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
    let before = connection.total_changes();
    let mut rows = prepared.raw_query();
    let mut objects = Vec::new();
    while let Some(row) = rows.next().map_err(|error| failed(&error))? {
        let mut object = Map::new();
        for (index, name) in names.iter().enumerate() {
            object.insert(name.clone(), json(row.get_ref(index).map_err(|error| failed(&error))?)?);
        }
        objects.push(object);
    }
    drop(rows);
    let wrote = connection.total_changes() > before;
    let changes = if wrote { connection.changes() } else { 0 };
    let rows = to_raw_value(&objects).map_err(|error| DbError::Failed(error.to_string()))?;
    Ok(StatementResult { rows, changes })
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, index: usize, value: &Value) -> Result<(), DbError> {
    let bound = match value {
        Value::Null => statement.raw_bind_parameter(index, rusqlite::types::Null),
        Value::Int(number) if number.abs() > MAX_SAFE_INTEGER => {
            return Err(DbError::Failed(format!("{number} does not survive JavaScript's numbers")));
        }
        // JavaScript has only doubles, and D1 binds them as such.
        #[expect(clippy::cast_precision_loss, reason = "checked against 2^53 above")]
        Value::Int(number) => statement.raw_bind_parameter(index, *number as f64),
        Value::Text(text) => statement.raw_bind_parameter(index, text),
    };
    bound.map_err(|error| failed(&error))
}

fn json(value: ValueRef<'_>) -> Result<serde_json::Value, DbError> {
    Ok(match value {
        ValueRef::Null => serde_json::Value::Null,
        ValueRef::Integer(number) if number.abs() > MAX_SAFE_INTEGER => {
            return Err(DbError::Failed(format!("{number} does not survive JavaScript's numbers")));
        }
        ValueRef::Integer(number) => number.into(),
        // JavaScript writes 1.0 as 1.
        #[expect(clippy::cast_possible_truncation, reason = "only whole numbers below 2^53 are cast")]
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => (number as i64).into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(db: &SqliteDb, statement: Statement) -> Result<String, DbError> {
        db.batch(&[statement]).map(|results| results[0].rows.get().to_owned())
    }

    #[test]
    fn what_d1_refuses_is_refused_here() {
        let db = SqliteDb::new();
        let mut many = Statement::new("SELECT 1");
        many.params = vec![Value::Null; 101];
        assert!(matches!(text(&db, many), Err(DbError::Failed(why)) if why.contains("100")));
        let long = Statement::new("SELECT 'x' LIKE ?1").bind("y".repeat(51));
        assert!(matches!(text(&db, long), Err(DbError::Failed(why)) if why.contains("pattern too complex")));
        let big = Statement::new("SELECT ?1").bind(MAX_SAFE_INTEGER + 1);
        assert!(text(&db, big).is_err());
        let row = Statement::new("SELECT CAST('9007199254740993' AS INTEGER) AS n");
        assert!(text(&db, row).is_err());
        let snowflake = Statement::new("SELECT ?1 AS id").bind("9007199254740993");
        assert_eq!(text(&db, snowflake).as_deref(), Ok("[{\"id\":\"9007199254740993\"}]"));
    }

    #[test]
    fn a_batch_is_all_or_nothing() {
        let db = SqliteDb::new();
        let put = || Statement::new("INSERT INTO deployment (key, value) VALUES ('a', 'b')");
        assert!(matches!(db.batch(&[put(), put()]), Err(DbError::Constraint(_))));
        assert_eq!(db.column("SELECT COUNT(*) FROM deployment"), ["0"]);
    }
}
