//! Purpose: interactions as Discord sends them: complete, signed, and remembered for the answer.

use serde_json::{Value, json};

use crate::{
    Sim,
    faults::FaultKind,
    ids::Id,
    world::{Channel, ChannelKind, Interaction, Stage},
};

use super::{Delivery, Refusal};

/// Largest file a person may upload: 10 MiB, the limit without boosts (Discord reference, "Uploading Files").
pub(super) const ATTACHMENT_SIZE_LIMIT: usize = 10 * 1024 * 1024;

/// Interactions remembered; the oldest tenth goes when there are more.
const INTERACTIONS_KEPT: usize = 50_000;

/// What makes one interaction differ from another.
pub(super) struct Act {
    /// 2 command, 3 component, 4 autocomplete, 5 modal.
    pub kind: u8,
    pub user: Id,
    pub channel: Id,
    pub data: Value,
    pub source_message: Option<Id>,
    /// Command name, for the line above the answer.
    pub label: String,
    pub command_type: u8,
    /// `interaction_metadata` of the interaction that opened the modal.
    pub opened_by: Option<Value>,
}

impl Sim {
    /// The check Discord makes when an interactions URL is saved: type 1.
    pub fn ping(&mut self) -> Delivery {
        let (id, token) = (self.world.next_id(), self.secret("interaction"));
        let body = json!({
            "id": id,
            "application_id": self.app,
            "type": 1,
            "token": token,
            "version": 1,
            "user": self.world.user_json_by_id(self.app),
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
        });
        let interaction = Interaction {
            id,
            token,
            kind: 1,
            user: self.app,
            channel: None,
            guild: None,
            created_ms: self.world.now_ms,
            stage: Stage::Waiting,
            source_message: None,
            original: None,
            body: body.to_string(),
            label: String::new(),
            command_type: 0,
            answer: None,
        };
        self.deliver(interaction)
    }

    /// Makes an interaction of an act. The channel must exist.
    pub(super) fn interact(&mut self, act: Act) -> Result<Delivery, Refusal> {
        let Some(channel) = self.world.channels.get(&act.channel).cloned() else {
            return Err(Refusal::new("unknown_channel", "There is no such channel"));
        };
        let (id, token) = (self.world.next_id(), self.secret("interaction"));
        let mut body = self.frame(&act, &channel);
        body["id"] = json!(id);
        body["token"] = json!(token);
        let interaction = Interaction {
            id,
            token,
            kind: act.kind,
            user: act.user,
            channel: Some(act.channel),
            guild: channel.guild_id,
            created_ms: self.world.now_ms,
            stage: Stage::Waiting,
            source_message: act.source_message,
            original: None,
            body: body.to_string(),
            label: act.label,
            command_type: act.command_type,
            answer: act.opened_by,
        };
        Ok(self.deliver(interaction))
    }

    fn frame(&self, act: &Act, channel: &Channel) -> Value {
        let locale = self.world.users.get(&act.user).map_or("en-US", |user| user.locale.as_str());
        let mut channel_json = self.world.channel_json(channel);
        channel_json["permissions"] = json!(self.world.permissions_in(act.user, channel.id).to_string());
        let mut body = json!({
            "application_id": self.app,
            "type": act.kind,
            "version": 1,
            "data": act.data,
            "channel": channel_json,
            "channel_id": channel.id,
            "locale": locale,
            "app_permissions": self.app_permissions(channel).to_string(),
            "entitlements": [],
            "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
        });
        self.add_place(&mut body, act, channel);
        let source = act.source_message.and_then(|id| self.world.messages.get(&id));
        if let Some(source) = source {
            body["message"] = self.message_json(source, act.user);
        }
        body
    }

    fn app_permissions(&self, channel: &Channel) -> u64 {
        match channel.kind {
            ChannelKind::Dm => crate::permissions::DM,
            _ => self.world.permissions_in(self.app, channel.id),
        }
    }

    /// Guild interactions carry a member with the permissions in that channel, direct ones a user.
    fn add_place(&self, body: &mut Value, act: &Act, channel: &Channel) {
        let Some(guild) = channel.guild_id.and_then(|id| self.world.guilds.get(&id)) else {
            body["context"] = json!(1);
            body["user"] = self.world.user_json_by_id(act.user);
            body["authorizing_integration_owners"] = json!({"0": "0"});
            return;
        };
        body["context"] = json!(0);
        body["guild_id"] = json!(guild.id);
        body["guild_locale"] = json!(guild.locale);
        body["guild"] = json!({"id": guild.id, "locale": guild.locale, "features": []});
        body["authorizing_integration_owners"] = json!({"0": guild.id});
        if let Some(member) = guild.members.get(&act.user) {
            let mut member = self.world.member_json(member);
            member["permissions"] = json!(self.world.permissions_in(act.user, channel.id).to_string());
            body["member"] = member;
        }
    }

    fn deliver(&mut self, interaction: Interaction) -> Delivery {
        let delivery = self.signed(&interaction);
        self.forget_old_interactions();
        self.world.tokens.insert(interaction.token.clone(), interaction.id);
        self.world.interactions.insert(interaction.id, interaction);
        delivery
    }

    /// A bench delivers without end; tokens die after 15 minutes anyway.
    fn forget_old_interactions(&mut self) {
        if self.world.interactions.len() < INTERACTIONS_KEPT {
            return;
        }
        let old: Vec<Id> = self.world.interactions.keys().take(INTERACTIONS_KEPT / 10).copied().collect();
        for id in old {
            if let Some(gone) = self.world.interactions.remove(&id) {
                self.world.tokens.remove(&gone.token);
            }
        }
    }

    fn signed(&mut self, interaction: &Interaction) -> Delivery {
        let timestamp = (self.world.now_ms / 1_000).to_string();
        let body = interaction.body.clone().into_bytes();
        let headers = [
            ("X-Signature-Ed25519", self.sign(&timestamp, &body)),
            ("X-Signature-Timestamp", timestamp),
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", "Discord-Interactions/1.0 (+https://discord.com)".to_owned()),
        ];
        let fault = self.strike("POST", "INTERACTION");
        Delivery {
            interaction_id: interaction.id.to_string(),
            token: interaction.token.clone(),
            url_path: "/interactions",
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body,
            times: match fault {
                Some(FaultKind::Duplicate) => 2,
                None | Some(FaultKind::Slow { .. } | FaultKind::HangAfterEffect | FaultKind::ResetAfterEffect) => 1,
                Some(_) => 0,
            },
            delay_ms: if let Some(FaultKind::Slow { ms }) = fault { ms } else { 0 },
            answer_lost: matches!(fault, Some(FaultKind::HangAfterEffect | FaultKind::ResetAfterEffect)),
        }
    }

    /// The same interaction once more, byte for byte, signed anew: what a replaying attacker or a nervous network sends.
    pub fn redeliver(&mut self, interaction_id: &str) -> Option<Delivery> {
        let interaction = self.world.interactions.get(&interaction_id.parse().ok()?)?.clone();
        Some(self.signed(&interaction))
    }
}
