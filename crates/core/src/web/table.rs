//! Purpose: tables as HTML: rows at a desk, cards on a small screen. A function, so that every page shares one template.

use super::fields;
use crate::time;
use askama::Template;

/// What stands in a cell. Everything but `Html` is escaped.
pub enum Cell {
    Text(String),
    /// At the right edge.
    Number(String),
    Link {
        href: String,
        text: String,
    },
    /// A coloured dot, its word, and what else there is to say.
    State {
        tone: &'static str,
        text: String,
        more: String,
    },
    /// RFC 3339; shown in the reader's own zone.
    Time(String),
    /// A form of our own templates.
    Html(String),
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn number(number: u64) -> Self {
        Self::Number(crate::text::number(number))
    }

    /// A number that may be below zero, with its sign.
    pub fn signed(number: i64) -> Self {
        Self::Number(format!("{number:+}"))
    }

    /// A time in Unix milliseconds.
    pub fn at(at: i64) -> Self {
        Self::Time(time::rfc3339(at))
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}

#[derive(Template)]
#[template(path = "web/table.html")]
struct Table<'a> {
    head: &'a [&'a str],
    rows: &'a [Vec<Cell>],
}

impl Table<'_> {
    /// A row's cells with the titles of their columns.
    fn of<'a>(&'a self, row: &'a [Cell]) -> impl Iterator<Item = (&'a &'a str, &'a Cell)> {
        self.head.iter().zip(row)
    }

    fn is_number(&self, column: &usize) -> bool {
        self.rows.first().and_then(|row| row.get(*column)).is_some_and(Cell::is_number)
    }
}

/// A table; a column without a title holds what can be done with its row. Nothing without rows.
pub fn table(head: &[&str], rows: &[Vec<Cell>]) -> String {
    if rows.is_empty() { String::new() } else { fields::html(&Table { head, rows }) }
}
