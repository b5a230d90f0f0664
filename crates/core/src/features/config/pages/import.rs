//! Purpose: a configuration out of a file: what it would change here, with this server's roles and channels in the place of the file's.

use super::{
    super::{
        document::{self, Imported},
        replace,
    },
    parse_version,
};
use crate::{
    access::{Area, GuildAccess, May, parse_id},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    guild_config::{
        GuildConfig, versions,
        words::{self, Change, Names},
    },
    web::{
        Form, Request, Response, Shell,
        choices::{self, Channels, Choice},
        render,
    },
};
use askama::Template;
use std::collections::BTreeMap;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};

/// One role or channel of the file, and what it can become here.
struct Mapping {
    /// The form's field.
    field: String,
    name: String,
    choices: Vec<Choice>,
}

/// What the file would do.
struct Preview {
    guild_name: String,
    exported_at: String,
    /// The version that it is compared with.
    version: i64,
    references: Vec<Mapping>,
    unknown: Vec<String>,
    changes: Vec<Change>,
    problems: Vec<FieldError>,
}

#[derive(Template)]
#[template(path = "features/config/import.html")]
struct ImportPage {
    shell: Shell,
    document: String,
    /// What is wrong with the file; empty when nothing is.
    error: String,
    preview: Option<Preview>,
}

impl ImportPage {
    fn empty(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Self {
        let shell = Shell::of_guild(ctx, request, access, "Import", "settings");
        Self { shell, document: String::new(), error: String::new(), preview: None }
    }
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Option<Response>> {
    access.require(ctx, Area::Settings, May::Manage)?;
    match request.method.as_str() {
        "GET" => render(200, &ImportPage::empty(ctx, request, access)).map(Some),
        "POST" => read(ctx, request, access).await.map(Some),
        _ => Ok(None),
    }
}

async fn read(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let form = request.form();
    let text = form.get("document");
    let imported = match document::import(text) {
        Ok(imported) => imported,
        Err(error) => {
            let page = ImportPage { document: text.to_owned(), error, ..ImportPage::empty(ctx, request, access) };
            return render(422, &page);
        }
    };
    let names = replace::names(ctx, access).await?;
    let targets = Targets::of(&form, &imported, &names);
    let after = imported.config.with_references(&targets.roles, &targets.channels);
    let mut shell = Shell::of_guild(ctx, request, access, "Import", "settings");
    if form.has("apply") {
        let expected = parse_version(form.get("version"))?;
        let why = format!("from a file of {}: ", imported.guild_name);
        match replace::replace(ctx, access, form.once(), expected, &after, &why).await {
            Ok(_) => return Ok(Response::see(format!("/g/{}/settings?done=imported", access.guild))),
            // The preview shows what is different now, and what speaks against it.
            Err(Error::Stale) => {
                shell = shell.notice("Somebody changed the settings meanwhile. This is compared with theirs.")
            }
            Err(Error::Invalid(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let preview = preview(ctx, access, imported, &names, &targets, &after).await?;
    let page = ImportPage { shell, document: text.to_owned(), error: String::new(), preview: Some(preview) };
    render(200, &page)
}

async fn preview(
    ctx: &Ctx,
    access: &GuildAccess,
    imported: Imported,
    names: &Names,
    targets: &Targets,
    after: &GuildConfig,
) -> Result<Preview> {
    let current = versions::current(ctx, access.guild).await?;
    let roles = choices::roles(ctx, access, &[], false).await?;
    let channels = choices::channels(ctx, access, Channels::All, &[]).await?;
    let mapping = |field: String, name: String, all: &[Choice], chosen: Option<String>| Mapping {
        field,
        name,
        choices: all
            .iter()
            .map(|one| Choice { is_chosen: Some(&one.value) == chosen.as_ref(), ..one.clone() })
            .collect(),
    };
    let mut references = Vec::new();
    for (id, name) in &imported.roles {
        let chosen = targets.roles.get(id).map(ToString::to_string);
        references.push(mapping(format!("role.{id}"), format!("@{name}"), &roles, chosen));
    }
    for (id, name) in &imported.channels {
        let chosen = targets.channels.get(id).map(ToString::to_string);
        references.push(mapping(format!("channel.{id}"), format!("#{name}"), &channels, chosen));
    }
    Ok(Preview {
        version: current.version,
        changes: words::changes(&current.config, after, names),
        problems: replace::problems(ctx, access, names, &current.config, after).await?,
        references,
        unknown: imported.unknown,
        guild_name: imported.guild_name,
        exported_at: imported.exported_at,
    })
}

/// What each role and channel of the file becomes here; those that are missing are left out.
pub struct Targets {
    pub roles: BTreeMap<Id<RoleMarker>, Id<RoleMarker>>,
    pub channels: BTreeMap<Id<ChannelMarker>, Id<ChannelMarker>>,
}

impl Targets {
    /// As somebody chose in the form; what was not asked yet is guessed.
    fn of(form: &Form, imported: &Imported, names: &Names) -> Self {
        let mut targets = Self::guess(imported, names);
        for id in imported.roles.keys() {
            let field = format!("role.{id}");
            if form.has(&field) {
                targets.set_role(*id, parse_id(form.get(&field)));
            }
        }
        for id in imported.channels.keys() {
            let field = format!("channel.{id}");
            if form.has(&field) {
                targets.set_channel(*id, parse_id(form.get(&field)));
            }
        }
        targets
    }

    /// The same id where this server has it, else the only one with the same name.
    pub fn guess(imported: &Imported, names: &Names) -> Self {
        Self {
            roles: imported
                .roles
                .iter()
                .filter_map(|(id, name)| Some((*id, find(id.get(), name, &names.roles)?)))
                .collect(),
            channels: imported
                .channels
                .iter()
                .filter_map(|(id, name)| Some((*id, find(id.get(), name, &names.channels)?)))
                .collect(),
        }
    }

    pub fn set_role(&mut self, id: Id<RoleMarker>, target: Option<Id<RoleMarker>>) {
        match target {
            Some(target) => self.roles.insert(id, target),
            None => self.roles.remove(&id),
        };
    }

    pub fn set_channel(&mut self, id: Id<ChannelMarker>, target: Option<Id<ChannelMarker>>) {
        match target {
            Some(target) => self.channels.insert(id, target),
            None => self.channels.remove(&id),
        };
    }
}

fn find<T>(id: u64, name: &str, known: &BTreeMap<String, String>) -> Option<Id<T>> {
    let id = id.to_string();
    if known.contains_key(&id) {
        return parse_id(&id);
    }
    let wanted = name.to_lowercase();
    let mut same = known.iter().filter(|(_, known)| known.to_lowercase() == wanted);
    let (found, _) = same.next()?;
    if same.next().is_some() { None } else { parse_id(found) }
}
