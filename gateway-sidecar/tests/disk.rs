//! Purpose: what lies on the sidecar's disk: nothing is lost or numbered twice across deaths, what waits is bounded, and a
//! folder belongs to one process.

use muster_gateway::{
    pipeline::{Pipeline, Report, Reported},
    store::{Error, Store},
};
use muster_protocol::{Event, EventKind, GuildSettings};
use serde_json::json;
use tempfile::TempDir;
use twilight_model::id::Id;

const NOW: i64 = 1_763_155_800_000;

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn open(folder: &TempDir, megabytes: u64) -> Store {
    Store::open(folder.path(), megabytes << 20).expect("it opens")
}

/// A report in which one person left, with something long for company.
fn report(user: u64, bytes: usize) -> Report {
    let left = Reported { guild: Id::new(900), at: NOW, kind: EventKind::MemberLeft { user: Id::new(user) } };
    // Random letters, which packing cannot make small.
    let content = (0..bytes / 16).map(|_| format!("{:016x}", muster_gateway::random::bits())).collect();
    let (user, channel, message) = (Id::new(user), Id::new(1), Id::new(2));
    let long = Reported { kind: EventKind::Keyword { user, channel, message, content }, ..left.clone() };
    Report { events: if bytes > 0 { vec![left, long] } else { vec![left] }, ..Report::default() }
}

fn events(store: &Store) -> Option<(u64, Vec<Event>)> {
    let next = store.next().expect("it reads")?;
    Some((next.number, serde_json::from_str(&next.events).expect("events")))
}

#[test]
fn an_hour_without_the_worker_loses_nothing_and_keeps_its_order() {
    let folder = folder();
    let mut store = open(&folder, 64);
    // A report every five seconds.
    for user in 1..=720 {
        store.commit(&report(user, 0), NOW).expect("it is written");
    }
    let (source, before) = (store.source().to_owned(), store.spool().batches);
    assert_eq!(before, 720);
    drop(store);
    let mut store = open(&folder, 64);
    assert_eq!(store.source(), source, "a restart keeps the name");
    for number in 1..=720 {
        let (at, told) = events(&store).expect("a batch");
        assert_eq!(at, number);
        assert_eq!(told[0].kind, EventKind::MemberLeft { user: Id::new(number) });
        assert_eq!(told[0].id, format!("{source}:{number}:0"));
        store.taken(number).expect("it is forgotten");
    }
    assert_eq!(events(&store), None);
    store.commit(&report(1, 0), NOW).expect("it is written");
    assert_eq!(events(&store).expect("a batch").0, 721, "numbers go on");
}

#[test]
fn when_there_is_no_more_room_the_oldest_go_and_that_is_counted() {
    let folder = folder();
    let mut store = open(&folder, 1);
    for user in 1..=30 {
        store.commit(&report(user, 100_000), NOW).expect("it is written");
        assert!(store.spool().bytes <= 1 << 20, "{:?}", store.spool());
    }
    let spool = store.spool();
    assert!(spool.dropped > 0 && spool.batches > 5, "{spool:?}");
    let (oldest, told) = events(&store).expect("a batch");
    assert_eq!(oldest, spool.dropped + 1);
    assert_eq!(told[0].kind, EventKind::MemberLeft { user: Id::new(oldest) });
}

#[test]
fn a_folder_is_used_by_one_process() {
    let folder = folder();
    let first = open(&folder, 1);
    let second = Store::open(folder.path(), 1 << 20);
    assert!(matches!(&second, Err(Error::InUse(_))));
    let sentence = second.err().expect("an error").to_string();
    assert!(sentence.contains("--state-dir"), "{sentence}");
    drop(first);
    open(&folder, 1);
}

#[test]
fn a_folder_from_an_old_backup_begins_a_new_numbering_and_keeps_what_waits() {
    let folder = folder();
    let mut store = open(&folder, 1);
    for user in 1..=3 {
        store.commit(&report(user, 0), NOW).expect("it is written");
    }
    store.taken(1).expect("it is forgotten");
    let before = store.source().to_owned();
    store.renew_source().expect("it is written");
    assert_ne!(store.source(), before);
    let (number, told) = events(&store).expect("a batch");
    assert_eq!((number, &told[0].kind), (1, &EventKind::MemberLeft { user: Id::new(2) }));
    assert_eq!(store.number(), 2);
}

#[test]
fn the_last_known_configuration_survives_and_an_older_one_changes_nothing() {
    let folder = folder();
    let mut store = open(&folder, 1);
    let config = |version, color| GuildSettings { guild: Id::new(900), version, settings: json!({ "color": color }) };
    assert_eq!(store.keep_configs(vec![config(2, 2)], 50).expect("kept").len(), 1);
    assert_eq!(store.keep_configs(vec![config(1, 1)], 60).expect("kept"), []);
    drop(store);
    let store = open(&folder, 1);
    assert_eq!(store.configs().expect("they are read"), [config(2, 2)]);
    assert_eq!(store.configs_until().expect("a time"), 60);
}

#[test]
fn a_segment_that_cannot_be_read_costs_what_it_says_and_not_the_start() {
    let folder = folder();
    let mut store = open(&folder, 1);
    let broken = Report { segment: Some(b"{broken".to_vec()), ..Report::default() };
    store.commit(&broken, NOW).expect("it is written");
    let mut pipeline = Pipeline::default();
    store.restore(&mut pipeline).expect("it starts all the same");
    assert_eq!(pipeline.member_count(), 0);
}
