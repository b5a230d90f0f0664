//! Purpose: somebody opens a short link, in a browser or as a machine.

use crate::World;
use muster_core::{
    Job,
    web::{Request, Response},
};

pub const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

/// Whoever opens a link.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub method: &'static str,
    pub headers: Vec<(String, String)>,
}

impl Visitor {
    /// An ordinary browser at an address.
    pub fn at(address: &str) -> Self {
        let visitor = Self { method: "GET", headers: Vec::new() };
        visitor.with("cf-connecting-ip", address).with("user-agent", CHROME).with("cf-ipcountry", "DE")
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl World {
    /// Opens `/l/{slug}`; the click goes into the queue.
    pub async fn open_link(&self, slug: &str, visitor: &Visitor) -> Response {
        let ctx = self.ctx();
        let request = Request {
            method: visitor.method.to_owned(),
            segments: vec!["l".to_owned(), slug.to_owned()],
            headers: visitor.headers.clone(),
            ..Request::default()
        };
        let response = muster_core::http(&ctx, request).await;
        self.run_after(&ctx).await;
        response
    }

    /// Time passes until everything that was clicked is counted.
    pub async fn clicks_are_counted(&self) {
        self.advance_minutes(7).await;
    }

    /// Clicks that wait in the queue, taken out of it.
    pub fn take_clicks(&self) -> Vec<String> {
        self.take_jobs(|job| matches!(job, Job::Clicks { .. }))
            .into_iter()
            .filter_map(|job| match job {
                Job::Clicks { lines } => Some(lines),
                _ => None,
            })
            .collect()
    }
}
