//! Purpose: uploaded files: kept, served under `/cdn`, and their links signed with an end as Discord's are.

use serde_json::{Value, json};

use crate::{
    Sim,
    ids::Id,
    rest::{Upload, read_query},
    sim::digest,
    world::{StoredFile, StoredMessage},
};

/// How long a link works, in seconds: a day.
const LINK_LIVES: u64 = 86_400;
/// Links made within the same hour are the same, so that what shows them need not change all the time. Seconds.
const LINK_STEP: u64 = 3_600;

/// A file that a person gives to a command.
#[derive(Clone, Debug, Default)]
pub struct NewFile {
    pub filename: String,
    /// Media type; empty means what the filename's end says.
    pub content_type: String,
    pub bytes: Vec<u8>,
}

impl Sim {
    /// Keeps a file and gives its attachment object.
    pub(crate) fn store_file(&mut self, place: &str, channel: Id, file: Upload, description: Option<String>) -> Value {
        let id = self.world.next_id();
        // Only what an address may hold as it is, as in Discord's own.
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
        let path = format!("/{place}/{channel}/{id}/{}", file.filename.chars().map(plain).collect::<String>());
        let url = self.signed_link(&path);
        let mut attachment = json!({
            "id": id,
            "filename": file.filename,
            "size": file.bytes.len(),
            "url": url,
            "proxy_url": url,
            "content_type": file.content_type,
        });
        if let Some(description) = description {
            attachment["description"] = json!(description);
        }
        if place == "ephemeral-attachments" {
            attachment["ephemeral"] = json!(true);
        }
        self.world.files.insert(path, StoredFile { content_type: file.content_type, hex: hex::encode(file.bytes) });
        attachment
    }

    /// A picture or file under `/cdn`: content type and bytes. `path` starts behind `/cdn`, query included. Nothing for what
    /// is not there, and for links to files that are not signed or have ended.
    pub fn file(&self, path: &str) -> Option<(String, Vec<u8>)> {
        if let Some(picture) = self.picture(path) {
            return Some(("image/png".into(), picture));
        }
        let (path, query) = path.split_once('?')?;
        let query = read_query(query);
        let part = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let (until, since) = (u64::from_str_radix(part("ex")?, 16).ok()?, u64::from_str_radix(part("is")?, 16).ok()?);
        if self.world.now_ms / 1_000 >= until || part("hm")? != self.link_signature(path, until, since) {
            return None;
        }
        let file = self.world.files.get(path)?;
        Some((file.content_type.clone(), hex::decode(&file.hex).ok()?))
    }

    /// Discord's message object as `viewer` reads it now: links to its files are signed afresh.
    pub(crate) fn message_json(&self, message: &StoredMessage, viewer: Id) -> Value {
        let mut json = self.world.message_json(message, viewer);
        self.refresh_links(&mut json);
        json
    }

    fn refresh_links(&self, value: &mut Value) {
        match value {
            Value::Object(map) => map.values_mut().for_each(|inner| self.refresh_links(inner)),
            Value::Array(items) => items.iter_mut().for_each(|inner| self.refresh_links(inner)),
            Value::String(text) => {
                let path = text.strip_prefix(&self.options.base_url).and_then(|path| path.strip_prefix("/cdn"));
                let path = path.and_then(|path| path.split('?').next());
                if let Some(path) = path.filter(|path| self.world.files.contains_key(*path)) {
                    *text = self.signed_link(path);
                }
            }
            _ => {}
        }
    }

    fn signed_link(&self, path: &str) -> String {
        let now = self.world.now_ms / 1_000;
        let since = now - now % LINK_STEP;
        let until = since + LINK_LIVES;
        let signature = self.link_signature(path, until, since);
        format!("{}/cdn{path}?ex={until:x}&is={since:x}&hm={signature}", self.options.base_url)
    }

    fn link_signature(&self, path: &str, until: u64, since: u64) -> String {
        let (seed, until, since) = (self.options.seed.to_be_bytes(), until.to_be_bytes(), since.to_be_bytes());
        hex::encode(digest(&[b"attachment", &seed, path.as_bytes(), &until, &since]))
    }
}

/// The media type Discord's client would send with a file of this name.
pub(crate) fn content_type_of(filename: &str) -> &'static str {
    let end = filename.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    match end.as_str() {
        "txt" | "log" | "md" => "text/plain; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "json" => "application/json; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}
