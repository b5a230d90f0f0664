//! Purpose: putting messages into channels and changing them, whoever writes them. Rights are checked before, elsewhere.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    Sim,
    check::message::{Draft, flags},
    ids::{Id, timestamp},
    look::flatten,
    mentions,
    rest::Upload,
    world::StoredMessage,
};

/// Who writes where, and on which occasion.
#[derive(Clone, Debug)]
pub(crate) struct Posting {
    pub author: Id,
    pub channel: Id,
    /// Discord's message type.
    pub kind: u8,
    pub reply_to: Option<Id>,
    pub ephemeral_for: Option<Id>,
    pub interaction: Option<Id>,
    pub metadata: Option<Value>,
    /// Name a channel's webhook writes under.
    pub webhook: Option<String>,
}

impl Posting {
    pub(crate) fn plain(author: Id, channel: Id) -> Self {
        Self {
            author,
            channel,
            kind: 0,
            reply_to: None,
            ephemeral_for: None,
            interaction: None,
            metadata: None,
            webhook: None,
        }
    }
}

impl Sim {
    /// Writes a message and tells the watchers.
    pub(crate) fn post(&mut self, posting: Posting, draft: Draft, files: Vec<Upload>) -> Id {
        let id = self.world.next_id();
        let guild_id = self.world.channels.get(&posting.channel).and_then(|channel| channel.guild_id);
        let mut message = blank_message(id, &posting, guild_id, self.world.now_ms);
        message.nonce = draft.nonce.clone();
        message.poll = draft.poll.as_ref().map(|poll| with_expiry(poll, self.world.now_ms));
        message.tts = draft.tts;
        message.flags = draft.flags;
        if posting.ephemeral_for.is_some() {
            message.flags |= flags::EPHEMERAL;
        }
        self.fill(&mut message, draft, files, true);
        self.wake_thread(posting.channel, posting.author);
        self.world.keep_message(message);
        self.emit_message("message_create", id);
        id
    }

    /// Writes the "is thinking..." of a deferred answer.
    pub(crate) fn post_loading(&mut self, posting: Posting) -> Id {
        let id = self.world.next_id();
        let guild_id = self.world.channels.get(&posting.channel).and_then(|channel| channel.guild_id);
        let mut message = blank_message(id, &posting, guild_id, self.world.now_ms);
        message.flags = flags::LOADING | if posting.ephemeral_for.is_some() { flags::EPHEMERAL } else { 0 };
        self.world.keep_message(message);
        self.emit_message("message_create", id);
        id
    }

    /// Changes a message by a checked edit. Filling in a loading message counts as sending it: only then do people get pinged.
    pub(crate) fn apply_edit(&mut self, id: Id, draft: Draft, files: Vec<Upload>) {
        let Some(mut message) = self.world.messages.get(&id).cloned() else {
            return;
        };
        let first = message.flags & flags::LOADING != 0;
        message.flags = draft.flags | (message.flags & flags::EPHEMERAL);
        message.edited_ms = Some(self.world.now_ms);
        self.fill(&mut message, draft, files, first);
        self.world.messages.insert(id, message);
        self.emit_message("message_update", id);
    }

    /// Removes a message and tells the watchers. False when it was gone already.
    pub(crate) fn remove_message(&mut self, id: Id) -> bool {
        let Some(message) = self.world.drop_message(id) else {
            return false;
        };
        self.emit_message_delete(id, message.channel_id, message.guild_id, message.ephemeral_for);
        true
    }

    /// Removes messages of one channel at once: people see each go, the gateway says it in one event. Fewer than two
    /// go one by one, as at Discord.
    pub(crate) fn remove_messages(&mut self, ids: &[Id]) {
        let mut places: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
        for message in ids.iter().filter_map(|id| self.world.messages.get(id)) {
            places.entry(message.channel_id).or_default().push(message.id);
        }
        for (channel, ids) in places {
            if let [one] = ids[..] {
                self.remove_message(one);
                continue;
            }
            let guild = self.world.channels.get(&channel).and_then(|channel| channel.guild_id);
            ids.iter().for_each(|id| drop(self.world.drop_message(*id)));
            self.emit_bulk_delete(&ids, channel, guild);
        }
    }

    fn fill(&mut self, message: &mut StoredMessage, draft: Draft, files: Vec<Upload>, pings: bool) {
        let mut text = draft.content.clone();
        for component in shown_text(&draft.components) {
            text.push('\n');
            text.push_str(&component);
        }
        let mut found = mentions::resolve(&self.world, message.author, message.channel_id, &text, &draft.allowed);
        let replied_author = message.reply_to.and_then(|id| self.world.messages.get(&id)).map(|replied| replied.author);
        if let Some(author) = replied_author.filter(|_| draft.allowed.replied_user && message.kind == 19)
            && author != message.author
        {
            found.pings.insert(author);
            if !found.users.contains(&author) {
                found.users.push(author);
            }
        }
        message.content = draft.content;
        message.mentions = found.users;
        message.mention_roles = found.roles;
        message.mention_everyone = found.everyone;
        if pings {
            message.pings = found.pings;
            if let Some(only) = message.ephemeral_for {
                message.pings.retain(|user| *user == only);
            }
        }
        if let Some(kept) = &draft.kept_attachments {
            message.attachments.retain(|file| file["id"].as_str().is_some_and(|id| kept.iter().any(|keep| keep == id)));
        }
        for file in files {
            let description = draft.descriptions.iter().find(|(index, _)| *index == file.index);
            let description = description.map(|(_, text)| text.clone()).filter(|text| !text.is_empty());
            let stored = self.keep_file(message, file, description);
            message.attachments.push(stored);
        }
        message.embeds = draft.embeds;
        message.components = draft.components;
        let attachments = message.attachments.clone();
        for value in message.embeds.iter_mut().chain(message.components.iter_mut()) {
            link_attachments(value, &attachments);
        }
    }

    pub(crate) fn keep_file(&mut self, message: &StoredMessage, file: Upload, description: Option<String>) -> Value {
        let place = if message.ephemeral_for.is_some() { "ephemeral-attachments" } else { "attachments" };
        self.store_file(place, message.channel_id, file, description)
    }

    /// A new message wakes an archived thread and makes its author a member.
    fn wake_thread(&mut self, channel: Id, author: Id) {
        let now = self.world.now_ms;
        let Some(thread) = self.world.channels.get_mut(&channel).and_then(|channel| channel.thread.as_mut()) else {
            return;
        };
        thread.members.entry(author).or_insert(now);
        if thread.archived {
            thread.archived = false;
            thread.archived_at_ms = now;
            self.emit_channel("CHANNEL_UPDATE", channel);
        }
    }
}

pub(crate) fn blank_message(id: Id, posting: &Posting, guild_id: Option<Id>, now_ms: u64) -> StoredMessage {
    StoredMessage {
        id,
        channel_id: posting.channel,
        guild_id,
        author: posting.author,
        kind: posting.kind,
        content: String::new(),
        embeds: Vec::new(),
        components: Vec::new(),
        attachments: Vec::new(),
        flags: 0,
        tts: false,
        pinned: false,
        created_ms: now_ms,
        edited_ms: None,
        nonce: None,
        poll: None,
        mentions: Vec::new(),
        mention_roles: Vec::new(),
        mention_everyone: false,
        pings: Default::default(),
        reactions: Vec::new(),
        reply_to: posting.reply_to,
        thread_id: None,
        ephemeral_for: posting.ephemeral_for,
        interaction: posting.interaction,
        interaction_metadata: posting.metadata.clone(),
        webhook: posting.webhook.clone(),
    }
}

/// The text of V2 text displays: it mentions people as content does.
fn shown_text(components: &[Value]) -> Vec<String> {
    let tree = Value::Array(components.to_vec());
    let mut flat = Vec::new();
    flatten(&tree, &mut flat);
    flat.iter()
        .filter(|item| item["type"] == 10)
        .filter_map(|item| item["content"].as_str().map(str::to_owned))
        .collect()
}

/// Replaces `attachment://name` by the file's real address, wherever it stands.
fn link_attachments(value: &mut Value, attachments: &[Value]) {
    match value {
        Value::Object(map) => {
            // A file component repeats its attachment's size.
            if let Some(name) = map.get("name").filter(|_| map.get("type") == Some(&json!(13))) {
                let file = attachments.iter().find(|file| file["filename"] == *name);
                map.insert("size".into(), file.map_or(Value::Null, |file| file["size"].clone()));
            }
            map.values_mut().for_each(|inner| link_attachments(inner, attachments));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| link_attachments(inner, attachments)),
        Value::String(text) => {
            let Some(name) = text.strip_prefix("attachment://") else {
                return;
            };
            let file = attachments.iter().find(|file| file["filename"].as_str() == Some(name));
            if let Some(url) = file.and_then(|file| file["url"].as_str()) {
                *text = url.to_owned();
            }
        }
        _ => {}
    }
}

fn with_expiry(poll: &Value, now_ms: u64) -> Value {
    let mut poll = poll.clone();
    let hours = poll["duration"].as_u64().unwrap_or(24);
    poll["expiry"] = json!(timestamp(now_ms + hours * 3_600_000));
    if let Value::Object(map) = &mut poll {
        map.remove("duration");
    }
    poll
}
