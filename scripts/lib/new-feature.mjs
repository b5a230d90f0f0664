// Purpose: behind scripts/new-feature: the places of a new feature, as a skeleton that compiles, is registered and has a story.

import fs from "node:fs";
import path from "node:path";
import { ROOT, run } from "./processes.mjs";

const USAGE = `usage: ./scripts/new-feature NAME

  NAME  small letters, digits and underscores, beginning with a letter: its folder, its command and its tables`;
/** Rust's words, and folders that mean something else. */
const TAKEN = new Set("as async await break const continue crate dyn else enum extern false fn for gen if impl in let loop match mod move mut pub ref return self static struct super trait true try type unsafe use where while core std test tests main feature features registry people world tidy basics doors".split(" "));

const at = (...parts) => path.join(ROOT, ...parts);
const read = (...parts) => fs.readFileSync(at(...parts), "utf8");

function refuse(why) {
  process.stderr.write(`new-feature: ${why}\n`);
  process.exit(1);
}

function checkName(name) {
  if (!name || name.startsWith("-")) refuse(USAGE);
  // 32 is Discord's limit for a command's name.
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name) || name.length < 2 || name.length > 32) refuse(`“${name}” is no name for a feature.\n${USAGE}`);
  if (TAKEN.has(name)) refuse(`“${name}” means something else already; choose another name.`);
  if (fs.existsSync(at("crates/core/src/features", name))) refuse(`there is a feature ${name} already: crates/core/src/features/${name}`);
  if (fs.existsSync(at("tests/stories", `${name}.rs`))) refuse(`there is a story ${name} already: tests/stories/${name}.rs`);
  const commands = fs.readdirSync(at("crates/core/src/features"), { recursive: true }).filter((file) => file.endsWith("mod.rs"));
  for (const file of commands) {
    const [, list] = /const COMMANDS: &\[&str\] = &\[([^\]]*)\]/.exec(read("crates/core/src/features", file)) ?? [];
    if (list?.includes(`"${name}"`)) refuse(`there is a command /${name} already, in crates/core/src/features/${file}`);
  }
}

function nextMigration() {
  const numbers = fs.readdirSync(at("d1-migrations")).map((file) => Number(/^(\d{4})_/.exec(file)?.[1] ?? 0));
  return String(Math.max(0, ...numbers) + 1).padStart(4, "0");
}

/** Puts `line` into a list of lines that begin alike, in the order of the alphabet. */
function insertSorted(text, line, isListed) {
  const lines = text.split("\n");
  const listed = lines.map((one, index) => [one, index]).filter(([one]) => isListed(one));
  const after = listed.filter(([one]) => one < line).at(-1)?.[1];
  lines.splice(after === undefined ? (listed[0]?.[1] ?? lines.length - 1) : after + 1, 0, line);
  return lines.join("\n");
}

function addToRegistry(text, name, type) {
  const start = text.indexOf("\nfeatures! {");
  const end = text.indexOf("\n}", start);
  if (start < 0 || end < 0) refuse("crates/core/src/registry.rs has no list `features! { … }` to add to");
  const line = `    ${name}::${type},`;
  const list = text.slice(start, end).split("\n");
  // The order is that of /help: what servers came for first, what every bot has last.
  const general = list.findIndex((one) => one.trim() === "config::Config,");
  list.splice(general < 0 ? list.length : general, 0, line);
  return text.slice(0, start) + list.join("\n") + text.slice(end);
}

const modRs = (name, type) => `//! Purpose: \`/${name}\`: say in one sentence what it is for.
//!
//! Tables: ${name}_uses. Custom ids, timers and events: none.

mod store;
mod view;

use crate::{
    ctx::Ctx,
    error::{Error, Result},
    feature::Feature,
    interaction::Interaction,
    reply::Reply,
};
use twilight_interactions::command::CreateCommand;
use twilight_model::application::{command::Command, interaction::application_command::CommandData};

pub const COMMANDS: &[&str] = &["${name}"];

pub struct ${type};

#[derive(CreateCommand)]
#[command(name = "${name}", desc = "Say here what it does for people")]
struct ${type}Command;

impl Feature for ${type} {
    const NAME: &'static str = "${name}";

    fn commands() -> Vec<Command> {
        vec![${type}Command::create_command().into()]
    }

    async fn on_command(ctx: &Ctx, interaction: &Interaction, _data: CommandData) -> Result<Reply> {
        let guild = interaction.guild_id;
        // One batch is one transaction: the use and its count belong together.
        let results = ctx
            .batch(vec![
                store::insert_use(guild, interaction.actor.id, interaction.id, ctx.now()),
                store::count_uses(guild),
            ])
            .await?;
        let uses = results.last().map(|result| result.first::<store::Uses>()).transpose()?.flatten();
        let uses = uses.ok_or_else(|| Error::internal("counting gave no row"))?;
        Ok(Reply::private(view::used(uses.uses)))
    }
}
`;

const storeRs = (name) => `//! Purpose: the SQL of ${name}, one function per statement.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, InteractionMarker, UserMarker},
};

#[derive(Debug, Deserialize)]
pub struct Uses {
    pub uses: u32,
}

/// The interaction's id is unique, so a second delivery changes nothing.
pub fn insert_use(guild: Id<GuildMarker>, user: Id<UserMarker>, interaction: Id<InteractionMarker>, now: i64) -> Statement {
    Statement::new("INSERT OR IGNORE INTO ${name}_uses (interaction_id, guild_id, user_id, at) VALUES (?1, ?2, ?3, ?4)")
        .bind(interaction)
        .bind(guild)
        .bind(user)
        .bind(now)
}

pub fn count_uses(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT COUNT(*) AS uses FROM ${name}_uses WHERE guild_id = ?1").bind(guild)
}
`;

const viewRs = (name) => `//! Purpose: every sentence of ${name}.

use crate::text::count;

pub fn used(uses: u32) -> String {
    format!("Used {} in this server.", count(uses.into(), "time", "times"))
}
`;

const migrationSql = (name) => `-- ${name}: one row per use. Ids of Discord are TEXT, times are Unix milliseconds.

CREATE TABLE ${name}_uses (
  interaction_id TEXT PRIMARY KEY,
  guild_id       TEXT NOT NULL,
  user_id        TEXT NOT NULL,
  at             INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX ${name}_uses_guild ON ${name}_uses (guild_id);
`;

const storyRs = (name) => `//! Purpose: \`/${name}\`, as people use it.

use muster_tests::World;

#[tokio::test(start_paused = true)]
async fn uses_are_counted_per_server() {
    let world = World::new().await;
    world.slash("ada", "#general", "/${name}").await.says("Used 1 time ");
    world.slash("bela", "#general", "/${name}").await.says("Used 2 times");
    world.slash("bela", "Harbour Book Club/#general", "/${name}").await.says("Used 1 time ");
}
`;

const name = process.argv[2];
checkName(name);
const type = name.split("_").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
const folder = `crates/core/src/features/${name}`;
const migration = `d1-migrations/${nextMigration()}_${name}_tables.sql`;
const files = {
  [`${folder}/mod.rs`]: modRs(name, type),
  [`${folder}/store.rs`]: storeRs(name),
  [`${folder}/view.rs`]: viewRs(name),
  [migration]: migrationSql(name),
  [`tests/stories/${name}.rs`]: storyRs(name),
};
const changes = {
  "crates/core/src/registry.rs": (text) => addToRegistry(text, name, type),
  "crates/core/src/features/mod.rs": (text) => insertSorted(text, `pub mod ${name};`, (line) => line.startsWith("pub mod ")),
  "tests/stories/main.rs": (text) => insertSorted(text, `mod ${name};`, (line) => line.startsWith("mod ")),
};
// Everything is worked out before anything is written.
const changed = Object.entries(changes).map(([file, change]) => [file, change(read(file))]);
fs.mkdirSync(at(folder));
for (const [file, text] of [...Object.entries(files), ...changed]) fs.writeFileSync(at(file), text);
// How lines break depends on how long the name is. Without rustfmt they stay as they are.
const rust = Object.keys(files).filter((file) => file.endsWith(".rs"));
const [, edition] = /^edition = "(\d+)"$/m.exec(read("Cargo.toml")) ?? [];
await run("rustfmt", ["--edition", edition ?? "2024", ...rust], { cwd: ROOT });

process.stdout.write(`The feature ${name} is there:

  ${Object.keys(files).join("\n  ")}
  and a line in ${Object.keys(changes).join(", ")}

It answers /${name} already. Next: its sentence in mod.rs, its row and unique key in the migration, a rule in rules.rs.
  cargo nextest run ${name}     its story
  ./scripts/dev                 the command in the playground
`);
