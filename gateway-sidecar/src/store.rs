//! Purpose: the disk of the sidecar: one SQLite file with what a restart must know, batches that were not taken yet, and the last
//! known configuration of every guild.
//!
//! One report is one transaction, flushed to the disk: a batch and the knowledge that led to it are there together or not at
//! all. That is what makes a replay after a crash earn the same once.

use crate::pipeline::{Pipeline, Report, Reported, Session, SessionRow};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use muster_protocol::{EVENTS_MAX, Event, GuildSettings};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::{
    fs::{File, TryLockError},
    io::{Read, Write},
    path::{Path, PathBuf},
};
use twilight_gateway::Intents;
use twilight_model::id::{Id, marker::ApplicationMarker};

/// JSON bytes of a batch before compression. A batch stays far below what the Worker takes (`muster_protocol::PLAIN_MAX`), so
/// that taking one is quick.
const BATCH_BYTES: usize = 1 << 20;
/// Segments are joined into one when they are this much more than what they describe.
const SEGMENTS_MIN_BYTES: u64 = 8 << 20;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, events INTEGER NOT NULL, packed INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS segments (number INTEGER PRIMARY KEY AUTOINCREMENT, whole INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    shard INTEGER NOT NULL, total INTEGER NOT NULL, id TEXT NOT NULL, resume_url TEXT, sequence INTEGER NOT NULL,
    intents INTEGER NOT NULL, PRIMARY KEY (shard, total)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS configs (guild TEXT PRIMARY KEY, version INTEGER NOT NULL, settings TEXT NOT NULL) WITHOUT ROWID;
";

/// Why the disk does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0:?} is used by another muster-gateway: give each its own --state-dir")]
    InUse(PathBuf),
    #[error("the state folder {0:?} cannot be used: {1}. Make it, or give another --state-dir")]
    Folder(PathBuf, std::io::Error),
    #[error("the state file does not work: {0}. Check the disk's space and health")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the state file holds something unreadable: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("a batch could not be packed: {0}")]
    Pack(#[from] std::io::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

/// A batch as it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spooled {
    pub number: u64,
    /// A JSON list of events.
    pub events: String,
}

/// How full the spool is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spool {
    pub batches: u64,
    pub bytes: u64,
    pub max_bytes: u64,
    /// When the oldest batch was made, Unix milliseconds.
    pub oldest_at: Option<i64>,
    /// Batches given up because the spool was full, since the process began.
    pub dropped: u64,
}

impl Spool {
    /// Between 0 and 1.
    pub fn fraction(&self) -> f64 {
        // Bounded by the disk, far below 2^52.
        self.bytes as f64 / self.max_bytes.max(1) as f64
    }
}

/// The open state file. The lock goes with it.
pub struct Store {
    db: Connection,
    _lock: File,
    source: String,
    /// Of the last batch that was made.
    number: u64,
    total_shards: u32,
    spool: Spool,
    /// Bytes of the segment that holds everything, and of those after it.
    segments: (u64, u64),
}

fn lock(folder: &Path) -> Result<File> {
    let wrap = |error| Error::Folder(folder.to_owned(), error);
    std::fs::create_dir_all(folder).map_err(wrap)?;
    let file = File::create(folder.join("lock")).map_err(wrap)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(wrap(error)),
    }
}

impl Store {
    /// Opens or makes the state in `folder`, for this process alone.
    ///
    /// # Errors
    /// When the folder cannot be used, or another process uses it.
    pub fn open(folder: &Path, spool_max_bytes: u64) -> Result<Self> {
        let lock = lock(folder)?;
        let db = Connection::open(folder.join("state.sqlite"))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // A batch that was sent must be found again after a power cut, or its number would be given twice.
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch(SCHEMA)?;
        let new = crate::random::name();
        db.execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('source', ?1), ('number', '0')", [&new])?;
        let mut store = Self {
            db,
            _lock: lock,
            source: new,
            number: 0,
            total_shards: 1,
            spool: Spool { max_bytes: spool_max_bytes, ..Spool::default() },
            segments: (0, 0),
        };
        store.source = store.meta("source")?.unwrap_or_default();
        store.number = store.meta("number")?.and_then(|text| text.parse().ok()).unwrap_or(0);
        store.segments = store.db.query_row(
            "SELECT coalesce(sum(length(body)) FILTER (WHERE whole), 0), coalesce(sum(length(body)) FILTER (WHERE NOT whole), 0) FROM segments",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        store.measure()?;
        Ok(store)
    }

    /// The name that this sidecar made up for itself.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn number(&self) -> u64 {
        self.number
    }

    /// Sessions belong to shards of this total; those of another total are not taken up.
    pub fn set_total_shards(&mut self, total: u32) {
        self.total_shards = total;
    }

    pub fn spool(&self) -> Spool {
        self.spool
    }

    fn meta(&self, key: &str) -> Result<Option<String>> {
        let found = self.db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0));
        Ok(found.optional()?)
    }

    fn set_meta(db: &Connection, key: &str, value: &str) -> rusqlite::Result<usize> {
        db.execute(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
            [key, value],
        )
    }

    fn number_of(&self, key: &str) -> Result<i64> {
        Ok(self.meta(key)?.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// The bot that was last logged in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn application(&self) -> Result<Option<Id<ApplicationMarker>>> {
        Ok(self.meta("application")?.and_then(|text| text.parse().ok()))
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn set_application(&self, application: Id<ApplicationMarker>) -> Result<()> {
        Self::set_meta(&self.db, "application", &application.to_string())?;
        Ok(())
    }

    /// How far the Worker's clock was ahead when it was last heard.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn clock_offset(&self) -> Result<i64> {
        self.number_of("clock_offset")
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn set_clock_offset(&self, offset_ms: i64) -> Result<()> {
        Self::set_meta(&self.db, "clock_offset", &offset_ms.to_string())?;
        Ok(())
    }

    /// Puts everything that was saved into a new pipeline. Segments that cannot be read are skipped with a loud line.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn restore(&self, pipeline: &mut Pipeline) -> Result<()> {
        let mut statement = self.db.prepare("SELECT body FROM segments ORDER BY number")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let body = row.get_ref(0)?.as_blob().unwrap_or_default();
            if let Err(error) = pipeline.restore(body) {
                tracing::error!(%error, "a saved segment cannot be read and was skipped: cooldowns and time in voice begin anew");
            }
        }
        let mut statement =
            self.db.prepare("SELECT shard, id, resume_url, sequence, intents FROM sessions WHERE total = ?1")?;
        let mut rows = statement.query([self.total_shards])?;
        while let Some(row) = rows.next()? {
            let intents = Intents::from_bits_truncate(row.get(4)?);
            let session = Session { id: row.get(1)?, resume_url: row.get(2)?, sequence: row.get(3)?, intents };
            pipeline.set_session(row.get(0)?, session);
        }
        Ok(())
    }

    /// Writes one report, as a whole or not at all. Gives how many batches it made.
    ///
    /// # Errors
    /// When it could not be written: the same report is to be written later.
    pub fn commit(&mut self, report: &Report, now: i64) -> Result<u64> {
        let batches = self.batches(&report.events)?;
        let last = self.number + batches.len() as u64;
        let waiting = self.spool.batches > 0;
        let transaction = self.db.transaction()?;
        if waiting {
            pack(&transaction)?;
        }
        for (number, (count, body)) in (self.number + 1..).zip(&batches) {
            transaction.execute(
                "INSERT INTO batches (number, at, events, packed, body) VALUES (?1, ?2, ?3, 0, ?4)",
                params![number, now, count, body],
            )?;
        }
        Self::set_meta(&transaction, "number", &last.to_string())?;
        for row in &report.sessions {
            write_session(&transaction, self.total_shards, row)?;
        }
        if let Some(segment) = &report.segment {
            if report.is_whole {
                transaction.execute("DELETE FROM segments", [])?;
            }
            transaction
                .execute("INSERT INTO segments (whole, body) VALUES (?1, ?2)", params![report.is_whole, segment])?;
        }
        transaction.commit()?;
        self.number = last;
        if let Some(segment) = &report.segment {
            let bytes = segment.len() as u64;
            self.segments = if report.is_whole { (bytes, 0) } else { (self.segments.0, self.segments.1 + bytes) };
        }
        self.measure()?;
        self.drop_oldest()?;
        Ok(batches.len() as u64)
    }

    /// Whether the next report should hold everything, because the segments became long.
    pub fn wants_whole(&self) -> bool {
        self.segments.1 > SEGMENTS_MIN_BYTES + self.segments.0
    }

    /// The JSON lists of events of the next batches, each with how many it holds.
    fn batches(&self, events: &[Reported]) -> Result<Vec<(usize, String)>> {
        let mut batches: Vec<(usize, String)> = Vec::new();
        for reported in events {
            let is_full = |(count, body): &(usize, String)| *count >= EVENTS_MAX || body.len() >= BATCH_BYTES;
            if batches.last().is_none_or(is_full) {
                batches.push((0, String::from("[")));
            }
            let number = self.number + batches.len() as u64;
            let Some((count, body)) = batches.last_mut() else { continue };
            let id = format!("{}:{number}:{count}", self.source);
            let event = Event { id, guild: reported.guild, at: reported.at, kind: reported.kind.clone() };
            if *count > 0 {
                body.push(',');
            }
            body.push_str(&serde_json::to_string(&event)?);
            *count += 1;
        }
        batches.iter_mut().for_each(|(_, body)| body.push(']'));
        Ok(batches)
    }

    /// The batch that is to go out next.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next(&self) -> Result<Option<Spooled>> {
        let query = "SELECT number, packed, body FROM batches ORDER BY number LIMIT 1";
        let row = self.db.query_row(query, [], |row| {
            let body = match row.get_ref(2)? {
                rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => bytes.to_vec(),
                _ => Vec::new(),
            };
            Ok((row.get(0)?, row.get::<_, bool>(1)?, body))
        });
        let Some((number, packed, body)) = row.optional()? else { return Ok(None) };
        let mut events = String::new();
        if packed {
            GzDecoder::new(body.as_slice()).read_to_string(&mut events)?;
        } else {
            events = String::from_utf8_lossy(&body).into_owned();
        }
        Ok(Some(Spooled { number, events }))
    }

    /// Forgets the batches up to this number: the Worker has them.
    ///
    /// # Errors
    /// When the file cannot be written; they go out once more then, which the Worker notices.
    pub fn taken(&mut self, number: u64) -> Result<()> {
        // A number of the Worker's may be beyond what SQLite can hold.
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.db.execute("DELETE FROM batches WHERE number <= ?1", [number])?;
        self.measure()
    }

    /// Begins a new source: the Worker knows a later number than this file, so the file is older than the Worker's memory.
    /// Batches that wait keep their events, under new numbers from 1.
    ///
    /// # Errors
    /// When the file cannot be written: nothing changed then.
    pub fn renew_source(&mut self) -> Result<()> {
        let source = crate::random::name();
        let transaction = self.db.transaction()?;
        let numbers: Vec<u64> = {
            let mut statement = transaction.prepare("SELECT number FROM batches ORDER BY number")?;
            let found = statement.query_map([], |row| row.get(0))?;
            found.collect::<rusqlite::Result<_>>()?
        };
        // Event ids inside stay: they are as unique as before.
        for (new, old) in (1_u64..).zip(&numbers) {
            transaction.execute("UPDATE batches SET number = -?1 WHERE number = ?2", params![new, old])?;
        }
        transaction.execute("UPDATE batches SET number = -number WHERE number < 0", [])?;
        Self::set_meta(&transaction, "source", &source)?;
        Self::set_meta(&transaction, "number", &numbers.len().to_string())?;
        transaction.commit()?;
        (self.source, self.number) = (source, numbers.len() as u64);
        Ok(())
    }

    fn measure(&mut self) -> Result<()> {
        let (batches, bytes, oldest_at) =
            self.db.query_row("SELECT count(*), coalesce(sum(length(body)), 0), min(at) FROM batches", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        self.spool = Spool { batches, bytes, oldest_at, ..self.spool };
        Ok(())
    }

    /// Gives up the oldest batches when there is no more room: what is new matters more to whoever looks at a board.
    fn drop_oldest(&mut self) -> Result<()> {
        while self.spool.bytes > self.spool.max_bytes && self.spool.batches > 1 {
            self.db.execute("DELETE FROM batches WHERE number = (SELECT min(number) FROM batches)", [])?;
            self.spool.dropped += 1;
            self.measure()?;
        }
        Ok(())
    }

    /// Every guild's last known configuration.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn configs(&self) -> Result<Vec<GuildSettings>> {
        let mut statement = self.db.prepare("SELECT guild, version, settings FROM configs")?;
        let mut rows = statement.query([])?;
        let mut configs = Vec::new();
        while let Some(row) = rows.next()? {
            let (guild, settings): (String, String) = (row.get(0)?, row.get(2)?);
            if let (Ok(guild), Ok(settings)) = (guild.parse(), serde_json::from_str(&settings)) {
                configs.push(GuildSettings { guild, version: row.get(1)?, settings });
            }
        }
        Ok(configs)
    }

    /// What to ask for next.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn configs_until(&self) -> Result<i64> {
        self.number_of("configs_until")
    }

    /// Keeps configurations unless a newer version is known. Gives those that were news.
    ///
    /// # Errors
    /// When the file cannot be written: they are asked for again then.
    pub fn keep_configs(&mut self, configs: Vec<GuildSettings>, until: i64) -> Result<Vec<GuildSettings>> {
        let transaction = self.db.transaction()?;
        let mut news = Vec::new();
        for config in configs {
            let kept = transaction.execute(
                "INSERT INTO configs (guild, version, settings) VALUES (?1, ?2, ?3)
                 ON CONFLICT (guild) DO UPDATE SET version = ?2, settings = ?3 WHERE version < ?2",
                params![config.guild.to_string(), config.version, config.settings.to_string()],
            )?;
            if kept > 0 {
                news.push(config);
            }
        }
        Self::set_meta(&transaction, "configs_until", &until.to_string())?;
        transaction.commit()?;
        Ok(news)
    }
}

/// Compresses batches that have to wait: they take a tenth of the room.
fn pack(transaction: &Transaction<'_>) -> Result<()> {
    let mut statement = transaction.prepare("SELECT number, body FROM batches WHERE packed = 0")?;
    let plain = statement.query_map([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)))?;
    for row in plain.collect::<rusqlite::Result<Vec<_>>>()? {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(row.1.as_bytes())?;
        let body = encoder.finish()?;
        transaction.execute("UPDATE batches SET packed = 1, body = ?2 WHERE number = ?1", params![row.0, body])?;
    }
    Ok(())
}

fn write_session(transaction: &Transaction<'_>, total: u32, row: &SessionRow) -> rusqlite::Result<usize> {
    let Some(session) = &row.session else {
        return transaction.execute("DELETE FROM sessions WHERE shard = ?1 AND total = ?2", params![row.shard, total]);
    };
    transaction.execute(
        "INSERT INTO sessions (shard, total, id, resume_url, sequence, intents) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (shard, total) DO UPDATE SET id = ?3, resume_url = ?4, sequence = ?5, intents = ?6",
        params![row.shard, total, session.id, session.resume_url, session.sequence, session.intents.bits()],
    )
}
