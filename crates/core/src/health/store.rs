//! Purpose: the SQL of health: the table in which wrangler notes applied migrations.

use crate::sql::Statement;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub struct Migrations {
    pub n: u32,
    pub newest: Option<String>,
}

pub fn migrations() -> Statement {
    Statement::new("SELECT COUNT(*) AS n, MAX(name) AS newest FROM d1_migrations")
}
