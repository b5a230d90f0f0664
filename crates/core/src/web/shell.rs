//! Purpose: what every page has around it: title, who is signed in, and the parts of the guild that they may see.

use super::{
    fields,
    message::{Request, Response},
};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, Result},
    registry,
};
use askama::Template;

/// A part of the dashboard, under `/g/{guild}/{path}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tab {
    /// Empty for the first page.
    pub path: &'static str,
    pub title: &'static str,
    pub area: Area,
}

#[derive(Debug, Clone)]
pub struct TabLink {
    pub href: String,
    pub title: &'static str,
    pub is_current: bool,
}

/// The frame of a page, for `web/layout.html`.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    pub title: String,
    /// Name of whoever is signed in; empty for a visitor.
    pub name: String,
    pub form_token: String,
    /// Names what is sent from this page once: sending it again changes nothing more.
    pub once: String,
    pub guild_name: String,
    pub guild_href: String,
    pub tabs: Vec<TabLink>,
    /// What the last act did, in a sentence.
    pub notice: &'static str,
    /// For previews of links to public pages; empty elsewhere.
    pub description: String,
    pub version: String,
}

impl Shell {
    /// For pages that belong to no guild, and public ones.
    pub fn new(ctx: &Ctx, request: &Request, title: impl Into<String>) -> Self {
        let session = request.caller.session();
        Self {
            title: title.into(),
            name: session.map(|session| session.name.clone()).unwrap_or_default(),
            form_token: session.map(|session| session.form_token.clone()).unwrap_or_default(),
            once: if session.is_some() { ctx.random_hex(8) } else { String::new() },
            version: ctx.settings.version.clone(),
            ..Self::default()
        }
    }

    /// For a page of a guild; `path` is the tab's.
    pub fn of_guild(ctx: &Ctx, request: &Request, access: &GuildAccess, title: impl Into<String>, path: &str) -> Self {
        let guild_href = format!("/g/{}", access.guild);
        let mut tabs = registry::tabs();
        tabs.retain(|tab| access.may(tab.area, May::View));
        tabs.sort_by_key(|tab| tab.area);
        let link = |tab: Tab| TabLink {
            href: if tab.path.is_empty() { guild_href.clone() } else { format!("{guild_href}/{}", tab.path) },
            title: tab.title,
            is_current: tab.path == path,
        };
        Self {
            guild_name: access.facts.name.clone(),
            tabs: tabs.into_iter().map(link).collect(),
            guild_href,
            ..Self::new(ctx, request, title)
        }
    }

    pub fn notice(mut self, sentence: &'static str) -> Self {
        self.notice = sentence;
        self
    }

    /// The page's HTML up to what a page adds to `<head>`.
    pub fn head(&self) -> String {
        fields::html(&Head { shell: self })
    }

    /// From there to what the page is about.
    pub fn bar(&self) -> String {
        fields::html(&Bar { shell: self })
    }
}

#[derive(Template)]
#[template(path = "web/head.html")]
struct Head<'a> {
    shell: &'a Shell,
}

#[derive(Template)]
#[template(path = "web/bar.html")]
struct Bar<'a> {
    shell: &'a Shell,
}

/// A page from its template.
///
/// # Errors
/// Only when the template fails to write, which is a defect.
pub fn render(status: u16, template: &impl Template) -> Result<Response> {
    let html = template.render().map_err(|error| Error::internal(format!("a page was not rendered: {error}")))?;
    Ok(Response::html(status, html))
}
