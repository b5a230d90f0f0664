//! Purpose: another bot's file taken over on the dashboard: chosen, looked at, confirmed, and followed until it is written.

use super::{Section, href, refused, sections, shell};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::levels::{
        import::{
            self,
            store::{self, Mode, Row},
            view,
        },
        view::number,
    },
    people,
    text::count,
    web::{Request, Response, Shell, choices, render},
};
use askama::Template;
use twilight_model::id::{Id, marker::UserMarker};

/// Members of the file that the preview shows.
const SHOWN: usize = 10;
/// What can happen to XP that somebody has here, with what it is called.
const MODES: [(Mode, &str); 3] =
    [(Mode::Higher, "Whoever has more keeps it"), (Mode::Add, "Add both"), (Mode::Replace, "Replace it")];

fn parse_mode(text: &str) -> Option<Mode> {
    MODES.iter().map(|(mode, _)| *mode).find(|mode| mode.as_str() == text)
}

struct ModeChoice {
    value: &'static str,
    name: &'static str,
    is_chosen: bool,
}

fn modes(chosen: Mode) -> Vec<ModeChoice> {
    let choice =
        |(mode, name): &(Mode, &'static str)| ModeChoice { value: mode.as_str(), name, is_chosen: *mode == chosen };
    MODES.iter().map(choice).collect()
}

struct Step {
    name: String,
    before: String,
    after: String,
}

/// What the file would do.
struct Preview {
    /// Where it is confirmed.
    action: String,
    digest: String,
    summary: String,
    mode: String,
    first: Vec<Step>,
    left_out: String,
    problems: Vec<String>,
}

#[derive(Template)]
#[template(path = "features/levels/import.html")]
struct ImportPage {
    shell: Shell,
    sections: Vec<Section>,
    may_change: bool,
    action: String,
    modes: Vec<ModeChoice>,
    typed: String,
    preview: Option<Preview>,
    errors: Vec<FieldError>,
}

impl ImportPage {
    fn of(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Self {
        Self {
            shell: shell(ctx, request, access, "Import"),
            sections: sections(access, "import"),
            may_change: access.may(Area::Levels, May::Manage),
            action: href(access, "import"),
            modes: modes(Mode::Higher),
            typed: String::new(),
            preview: None,
            errors: Vec::new(),
        }
    }

    fn error(&self, field: &str) -> &str {
        choices::error_of(&self.errors, field)
    }
}

pub fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    render(200, &ImportPage::of(ctx, request, access))
}

/// Reads the file and keeps it for a quarter of an hour; nobody's XP changes yet.
pub async fn preview(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let form = request.form();
    let mode = parse_mode(form.get("existing")).unwrap_or(Mode::Higher);
    let page = ImportPage { modes: modes(mode), ..ImportPage::of(ctx, request, access) };
    match import::preview(ctx, access.guild, access.user, form.get("file"), mode).await {
        Ok(preview) => {
            let preview = Some(shown(ctx, access, &preview).await);
            render(200, &ImportPage { preview, ..page })
        }
        Err(error) => {
            let (status, mut errors) = refused(ctx, access, "import", error)?;
            errors.iter_mut().for_each(|error| error.field = "file".to_owned());
            render(status, &ImportPage { typed: form.get("file").to_owned(), errors, ..page })
        }
    }
}

async fn shown(ctx: &Ctx, access: &GuildAccess, preview: &import::Preview) -> Preview {
    let best = preview.best(SHOWN);
    let users: Vec<Id<UserMarker>> = best.iter().filter_map(|(user, ..)| Id::new_checked(*user)).collect();
    let names = people::names(ctx, access.guild, &users).await;
    let people = |n: usize| count(n as u64, "member", "members");
    let (changed, lower) = preview.changes();
    let less = if lower > 0 { format!(", {lower} of them to less") } else { String::new() };
    let left_out = preview.parsed.left_out;
    Preview {
        action: href(access, &format!("import/{}", preview.row.id)),
        digest: preview.row.digest.clone(),
        summary: format!(
            "{} in the file, {} of them new here. The XP of {} would change{less}.",
            people(preview.parsed.entries.len()),
            preview.newcomers(),
            people(changed),
        ),
        mode: view::said(preview.row.mode).replace("**", ""),
        first: best
            .into_iter()
            .map(|(user, before, after)| Step {
                name: Id::new_checked(user).and_then(|user| names.get(&user).cloned()).unwrap_or_default(),
                before: number(before),
                after: number(after),
            })
            .collect(),
        left_out: if left_out > 0 {
            format!("{} cannot be read and would be left out.", count(left_out as u64, "line", "lines"))
        } else {
            String::new()
        },
        problems: preview.parsed.problems.iter().map(|problem| super::plain(problem, access, &[])).collect(),
    }
}

pub async fn start(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let form = request.form();
    let row = import::start(ctx, &access.author(form.once()), id, form.get("digest")).await?;
    let row = row.ok_or(Error::NotFound)?;
    if row.started_at.is_none() {
        let error =
            FieldError::new("file", "This preview is too old. Choose the file again to see what would change now.");
        return render(422, &ImportPage { errors: vec![error], ..ImportPage::of(ctx, request, access) });
    }
    Ok(Response::see(href(access, &format!("import/{id}"))))
}

/// How far an import is; alone it loads itself again while it is written.
#[derive(Template)]
#[template(path = "features/levels/import_progress.html")]
struct ProgressPart {
    href: String,
    position: u64,
    total: u64,
    is_done: bool,
    changed: String,
}

#[derive(Template)]
#[template(path = "features/levels/import_running.html")]
struct ProgressPage {
    shell: Shell,
    sections: Vec<Section>,
    again: String,
    part: ProgressPart,
}

pub async fn show_progress(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let row: Option<Row> = ctx.query(store::get(access.guild, id)).await?.first()?;
    let row = row.filter(|row| row.started_at.is_some()).ok_or(Error::NotFound)?;
    let part = ProgressPart {
        href: href(access, &format!("import/{id}")),
        position: row.position.min(row.total),
        total: row.total,
        is_done: row.is_done(),
        changed: count(row.changed, "member", "members"),
    };
    if request.is_partial() {
        return render(200, &part);
    }
    let page = ProgressPage {
        shell: shell(ctx, request, access, "Import"),
        sections: sections(access, "import"),
        again: href(access, "import"),
        part,
    };
    render(200, &page)
}
