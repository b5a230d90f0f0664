//! Purpose: the invariants of the house (ARCHITECTURE.md) as tests over the source tree. Each failure says what to do.

use muster_core::{custom_id::CustomId, registry};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Longer files hide what they hold; split by what a reader looks for.
const MAX_LINES: usize = 600;
/// Folders that are made, not written, besides those whose name begins with a dot.
const MADE: [&str; 4] = ["target", "node_modules", "build", "public"];

struct Source {
    /// From the project's root, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    /// What runs: without comments, and without everything from the first `#[cfg(test)]` on (tests stand last).
    fn code(&self) -> String {
        let before_tests = self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        before_tests.lines().map(without_comment).collect::<Vec<_>>().join("\n")
    }

    fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }
}

fn without_comment(line: &str) -> &str {
    let line = line.split(" // ").next().unwrap_or_default();
    if line.trim_start().starts_with("//") { "" } else { line }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the project's root")
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !MADE.contains(&name.as_str()) && !name.starts_with('.') {
            collect(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Files whose name ends with one of `endings`; "" takes those without any.
fn files(endings: &[&str]) -> Vec<Source> {
    let root = root();
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let wanted = |path: &PathBuf| {
        let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        endings.contains(&ending.as_str())
    };
    let sources = paths.into_iter().filter(wanted).map(|path| Source {
        path: path.strip_prefix(&root).expect("inside").to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(&path).unwrap_or_default(),
    });
    sources.collect()
}

fn rust() -> Vec<Source> {
    let found = files(&["rs"]);
    assert!(found.len() > 50, "only {} Rust files: the tests look in the wrong place", found.len());
    found
}

/// Every line of `code` that contains one of `needles`, as `path: line`.
fn lines_with(source: &Source, needles: &[&str]) -> Vec<String> {
    let code = source.code();
    let bad = code.lines().filter(|line| needles.iter().any(|needle| line.contains(needle)));
    bad.map(|line| format!("{}: {}", source.path, line.trim())).collect()
}

#[track_caller]
fn nothing(found: Vec<String>, advice: &str) {
    assert!(found.is_empty(), "{advice}\n{}", found.join("\n"));
}

/// The folder of the feature that a file belongs to.
fn feature_of(path: &str) -> Option<&str> {
    path.strip_prefix("crates/core/src/features/")?.split_once('/').map(|(feature, _)| feature)
}

#[test]
fn core_has_no_io_and_no_worker() {
    let manifest = fs::read_to_string(root().join("crates/core/Cargo.toml")).expect("core's manifest");
    let dependencies =
        manifest.split("[dependencies]").nth(1).unwrap_or_default().split("\n[").next().unwrap_or_default();
    for forbidden in
        ["worker", "tokio", "reqwest", "web-sys", "js-sys", "wasm-bindgen", "rusqlite", "getrandom", "rand"]
    {
        let depends = dependencies.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(forbidden));
        assert!(!depends, "crates/core must not depend on {forbidden}: make what you need a port in ports.rs.");
    }
    let io = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::process",
        "std::env",
        "SystemTime",
        "Instant::now",
        "Utc::now",
        "Local::now",
        "worker::",
        "tokio::",
        "println!",
        "eprintln!",
        "thread_rng",
        "OsRng",
    ];
    let found = rust().iter().filter(|s| s.is_in("crates/core/src/")).flat_map(|s| lines_with(s, &io)).collect();
    nothing(found, "Core does no IO: time, randomness and every outside call are ports (crates/core/src/ports.rs).");
}

#[test]
fn sql_stands_only_in_store_files() {
    let sql =
        ["SELECT ", "INSERT INTO", "INSERT OR", "UPDATE outbox", "UPDATE giveaway", "UPDATE guild", "DELETE FROM"];
    let elsewhere = |source: &&Source| {
        (source.is_in("crates/core/src/") || source.is_in("src/")) && !source.path.ends_with("/store.rs")
    };
    let mut found: Vec<String> = rust().iter().filter(elsewhere).flat_map(|source| lines_with(source, &sql)).collect();
    let statements = |source: &&Source| elsewhere(source) && !source.path.ends_with("core/src/sql.rs");
    found.extend(rust().iter().filter(statements).flat_map(|source| lines_with(source, &["Statement::new("])));
    nothing(found, "Move the SQL into the feature's store.rs, one function per statement.");
}

#[test]
fn rules_are_pure() {
    let is_rule = |source: &&Source| source.path.contains("/rules/") || source.path.ends_with("/rules.rs");
    let sources = rust();
    let rules: Vec<&Source> = sources.iter().filter(is_rule).collect();
    assert!(!rules.is_empty(), "no rules files were found: has the layout changed?");
    let impure = ["async ", ".await", "Ctx", "crate::ports", "ctx.", "Rng", "Clock"];
    let found = rules.into_iter().flat_map(|source| lines_with(source, &impure)).collect();
    nothing(found, "Rules are never async and take time and randomness as arguments: load first, then decide.");
}

#[test]
fn features_do_not_import_each_other() {
    let names: Vec<&str> = registry::NAMES.to_vec();
    let mut found = Vec::new();
    for source in rust() {
        let Some(own) = feature_of(&source.path) else { continue };
        for other in names.iter().filter(|name| **name != own) {
            let paths = [format!("features::{other}"), format!("super::{other}::"), format!("super::super::{other}::")];
            found.extend(lines_with(&source, &paths.each_ref().map(String::as_str)));
        }
    }
    nothing(found, "Features do not import each other: what two need moves to crates/core/src/.");
}

#[test]
fn the_registry_lists_exactly_the_folders_of_features() {
    let folder = root().join("crates/core/src/features");
    let folders: BTreeSet<String> = fs::read_dir(folder)
        .expect("the features")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    let listed: BTreeSet<String> = registry::NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(listed, folders, "each folder of crates/core/src/features needs one line in registry.rs, by its name");
}

#[test]
fn every_file_says_its_purpose() {
    let silent =
        rust().into_iter().filter(|source| !source.text.starts_with("//! Purpose: ")).map(|source| source.path);
    nothing(silent.collect(), "Open each Rust file with `//! Purpose: ` and one sentence.");
    let scripts = files(&["mjs", "js", "sh", "py", ""]);
    let ours = scripts.into_iter().filter(|source| {
        let is_script = source.path.ends_with("js") || source.text.starts_with("#!");
        is_script && !source.is_in("simulator/playground/vendor")
    });
    let silent = ours.filter(|source| !source.text.lines().take(4).any(|line| line.contains("Purpose: ")));
    nothing(
        silent.map(|source| source.path).collect(),
        "Open each script with a comment `Purpose: ` and one sentence.",
    );
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let long = rust().into_iter().filter(|source| !source.is_in("tests/")).filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > MAX_LINES).then(|| format!("{}: {lines} lines", source.path))
    });
    nothing(long.collect(), "Split the file by what a reader looks for; 600 lines are the most.");
}

#[test]
fn only_env_rs_names_bindings() {
    let bindings =
        ["env.d1(", "env.kv(", "env.queue(", "env.durable_object(", "env.var(", "env.secret(", "env.bucket("];
    let shell: Vec<Source> = rust().into_iter().filter(|source| source.is_in("src/")).collect();
    let named = |source: &Source| lines_with(source, &bindings);
    assert!(
        shell.iter().any(|s| s.path == "src/env.rs" && !named(s).is_empty()),
        "src/env.rs names no binding any more"
    );
    let found = shell.iter().filter(|source| source.path != "src/env.rs").flat_map(named).collect();
    nothing(found, "Only src/env.rs names a binding or a setting: add a function there.");
}

#[test]
fn nothing_that_runs_in_the_worker_panics_on_purpose() {
    let panics =
        [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!(", "assert!(", "assert_eq!("];
    let runs = |source: &&Source| source.is_in("src/") || source.is_in("crates/core/src/");
    let found = rust().iter().filter(runs).flat_map(|source| lines_with(source, &panics)).collect();
    nothing(
        found,
        "A panic in wasm ends the instance with every request in it: return an Error, or decide what to do instead.",
    );
}

#[test]
fn names_of_features_and_commands_have_their_shape() {
    let plain = |name: &str| (1..=20).contains(&name.len()) && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    for name in registry::NAMES {
        assert!(plain(name), "{name}: a feature is named by lower-case letters and _, at most 20");
        let longest = CustomId::new(name, &"x".repeat(20)).arg(u64::MAX).arg(u64::MAX).encode();
        assert!(longest.is_ok(), "{name}: with two ids its custom ids would not fit into 100 characters");
    }
    let commands: Vec<String> = registry::commands().into_iter().map(|(_, command)| command.name).collect();
    let once: BTreeSet<&String> = commands.iter().collect();
    assert_eq!(once.len(), commands.len(), "two features have a command of the same name: {commands:?}");
}

#[test]
fn custom_ids_are_made_by_the_codec_only() {
    let by_hand =
        |source: &&Source| source.is_in("crates/core/src/") && !source.path.ends_with("core/src/custom_id.rs");
    let names: Vec<String> = registry::NAMES.iter().map(|name| format!("\"1:{name}:")).collect();
    let needles: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = rust().iter().filter(by_hand).flat_map(|source| lines_with(source, &needles)).collect();
    nothing(found, "Build custom ids with CustomId::new(feature, action).arg(..), never as text.");
}

#[test]
fn migrations_are_numbered_without_gaps_and_named_after_their_feature() {
    let known: BTreeSet<&str> = registry::NAMES.iter().copied().chain(["core"]).collect();
    let migrations = muster_testkit::sqlite::migrations();
    for (index, (name, text)) in migrations.iter().enumerate() {
        let number = format!("{:04}_", index + 1);
        let rest = name
            .strip_prefix(&number)
            .unwrap_or_else(|| panic!("{name}: the next migration is {number}<feature>_<what>.sql"));
        let words = rest.strip_suffix(".sql").unwrap_or_else(|| panic!("{name}: a migration ends in .sql"));
        let feature =
            known.iter().find(|feature| words.strip_prefix(**feature).is_some_and(|what| what.starts_with('_')));
        assert!(feature.is_some(), "{name}: name it NNNN_<feature>_<what>.sql after one of {known:?}");
        assert!(text.starts_with("-- "), "{name}: open with a comment that says what it is for");
        assert!(
            !text.to_uppercase().contains("DROP TABLE"),
            "{name}: expand first, contract in a later release, never drop"
        );
    }
}

#[test]
fn ids_of_discord_are_text() {
    let ids = ["guild_id", "user_id", "channel_id", "message_id", "role_id", "host_id", "actor_id", "interaction_id"];
    for (name, text) in muster_testkit::sqlite::migrations() {
        for line in text.lines().map(str::trim) {
            let mut words = line.split_whitespace();
            let (Some(column), Some(kind)) = (words.next(), words.next()) else { continue };
            let holds_id =
                ids.contains(&column) || ["_by", "_role", "_interaction"].iter().any(|end| column.ends_with(end));
            let is_definition = ["TEXT", "INTEGER", "REAL", "BLOB", "NUMERIC"].contains(&kind);
            let is_time = column == "claim_by";
            assert!(
                !holds_id || !is_definition || is_time || kind == "TEXT",
                "{name}: {column} holds an id of Discord and must be TEXT: an integer above 2^53 loses digits"
            );
        }
    }
}

#[test]
fn every_column_that_is_read_by_guild_has_its_guild() {
    let open: Vec<String> = muster_testkit::sqlite::migrations()
        .iter()
        .flat_map(|(_, text)| text.split("CREATE TABLE ").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .filter(|table| {
            let body = table.split(';').next().unwrap_or_default();
            let by_parent = body.contains("REFERENCES ");
            // A sidecar belongs to the deployment, like its keys; whoever signs in belongs to no guild.
            let of_none = ["deployment", "gateway_sources", "web_logins", "web_sessions"];
            let of_deployment = of_none.iter().any(|name| table.starts_with(name));
            !body.contains("guild_id") && !by_parent && !of_deployment
        })
        .map(|table| table.split_whitespace().next().unwrap_or_default().to_owned())
        .collect();
    nothing(
        open,
        "Give the table a guild_id, or a foreign key to a table that has one: every query is scoped by guild.",
    );
}

/// Whatever leaves the Worker leaves by one port, and that follows no redirect: an answer of somebody else chooses no address.
#[test]
fn outside_calls_leave_by_one_port_that_follows_no_redirect() {
    let fetching: Vec<Source> =
        rust().into_iter().filter(|source| source.is_in("src") && source.text.contains("Fetch::")).collect();
    let paths: Vec<&str> = fetching.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(paths, ["src/ports/http.rs"], "Send it through the `Http` port.");
    assert!(fetching[0].text.contains("RequestRedirect::Manual"));
}

/// `SECURITY.md` says which tests hold which requirement.
#[test]
fn what_security_says_is_held_by_tests_that_are_there() {
    let told = fs::read_to_string(root().join("SECURITY.md")).expect("SECURITY.md");
    let rows =
        told.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| -") && !line.starts_with("| ASVS"));
    let sources = files(&["rs", "mjs"]);
    let mut missing = Vec::new();
    for row in rows {
        let held_by = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        let names: Vec<&str> = held_by.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            missing.push(format!("no test: {row}"));
        }
        let is_there = |name: &str| {
            let (function, title) = (format!("fn {name}("), format!("test(\"{name}\""));
            sources.iter().any(|source| source.text.contains(&function) || source.text.contains(&title))
        };
        missing.extend(names.into_iter().filter(|name| !is_there(name)).map(str::to_owned));
    }
    nothing(missing, "Name tests in SECURITY.md that exist.");
}

#[test]
fn the_worker_is_small() {
    let lines: usize =
        rust().iter().filter(|source| source.is_in("src/")).map(|source| source.text.lines().count()).sum();
    assert!(
        lines < 2_000,
        "{lines} lines in src/: it is the platform's shell only; rules and features belong to crates/core"
    );
    let features = rust().into_iter().filter(|source| source.is_in("src/")).flat_map(|source| {
        registry::NAMES
            .iter()
            .flat_map(move |name| lines_with(&source, &[&format!("features::{name}")]))
            .collect::<Vec<_>>()
    });
    nothing(features.collect(), "The shell names no feature: call one of core's doors.");
}
