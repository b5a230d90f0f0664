//! Purpose: people in voice channels: joining, moving, muting themselves or each other, leaving.

use crate::{
    Sim,
    events::{Event, intents},
    ids::Id,
    permissions as p,
    render::voice_state_json,
    world::{ChannelKind, Member, VoiceFlags},
};

use super::Refusal;

/// What changes in a member's voice state; nothing stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoiceChange {
    pub self_mute: Option<bool>,
    /// Who deafens themselves is muted with it, as in the client.
    pub self_deaf: Option<bool>,
    pub self_stream: Option<bool>,
    pub self_video: Option<bool>,
    /// By a moderator; outlasts the stay.
    pub mute: Option<bool>,
    /// By a moderator; outlasts the stay.
    pub deaf: Option<bool>,
    /// In a stage: true for the audience, false for speakers.
    pub suppress: Option<bool>,
}

impl Sim {
    /// A person joins a voice channel of a guild, moves to another, or (with nothing) leaves.
    pub fn voice(&mut self, user: &str, guild: &str, channel: Option<&str>) -> Result<(), Refusal> {
        let (user_id, guild_id) = (self.need_user(user)?, self.need_guild(guild)?);
        self.voice_member(guild_id, user_id)?;
        let Some(name) = channel else {
            self.leave_voice(guild_id, user_id);
            return Ok(());
        };
        let target = self.named_in_guild(guild_id, name).map_or_else(|| self.need_channel(name, None), Ok)?;
        let kind = self.world.channels.get(&target).filter(|channel| channel.guild_id == Some(guild_id));
        let Some(kind) = kind.map(|channel| channel.kind).filter(|kind| kind.has_voice()) else {
            return Err(Refusal::new("unknown_channel", "That is no voice channel"));
        };
        let rights = self.world.permissions_in(user_id, target);
        if rights & p::CONNECT == 0 {
            return Err(Refusal::new("no_permission", "You do not have permission to join this voice channel"));
        }
        let member = self.voice_member(guild_id, user_id)?;
        if member.voice_channel.is_none() {
            // Mute and deaf by the server outlast a stay, all else begins anew.
            let VoiceFlags { mute, deaf, stays, .. } = member.voice;
            member.voice = VoiceFlags { mute, deaf, stays: stays + 1, ..VoiceFlags::default() };
        }
        member.voice_channel = Some(target);
        member.voice.suppress = kind == ChannelKind::Stage || rights & p::SPEAK == 0;
        self.emit_voice(guild_id, user_id);
        Ok(())
    }

    /// Changes how a member who is in voice hears and is heard. Refused for who is in no voice channel.
    pub fn set_voice(&mut self, user: &str, guild: &str, change: VoiceChange) -> Result<(), Refusal> {
        let (user_id, guild_id) = (self.need_user(user)?, self.need_guild(guild)?);
        let member = self.voice_member(guild_id, user_id)?;
        if member.voice_channel.is_none() {
            return Err(Refusal::new("not_in_voice", "That member is in no voice channel"));
        }
        let before = member.voice;
        let voice = &mut member.voice;
        voice.self_mute = change.self_mute.unwrap_or(voice.self_mute) || change.self_deaf == Some(true);
        voice.self_deaf = change.self_deaf.unwrap_or(voice.self_deaf);
        voice.self_stream = change.self_stream.unwrap_or(voice.self_stream);
        voice.self_video = change.self_video.unwrap_or(voice.self_video);
        voice.mute = change.mute.unwrap_or(voice.mute);
        voice.deaf = change.deaf.unwrap_or(voice.deaf);
        voice.suppress = change.suppress.unwrap_or(voice.suppress);
        let after = *voice;
        if (before.mute, before.deaf) != (after.mute, after.deaf) {
            self.emit_member("GUILD_MEMBER_UPDATE", guild_id, user_id);
        }
        if before != after {
            self.emit_voice(guild_id, user_id);
        }
        Ok(())
    }

    fn voice_member(&mut self, guild: Id, user: Id) -> Result<&mut Member, Refusal> {
        let member = self.world.guilds.get_mut(&guild).and_then(|guild| guild.members.get_mut(&user));
        member.ok_or_else(|| Refusal::new("not_a_member", "That user is not in this server"))
    }

    /// Takes a member out of voice and tells the watchers; nothing happens to who is in no channel.
    pub(crate) fn leave_voice(&mut self, guild: Id, user: Id) {
        let member = self.world.guilds.get_mut(&guild).and_then(|guild| guild.members.get_mut(&user));
        if let Some(member) = member.filter(|member| member.voice_channel.is_some()) {
            member.voice_channel = None;
            member.voice.suppress = false;
            self.emit_voice(guild, user);
        }
    }

    /// Takes everybody out of a voice channel that is about to go.
    pub(crate) fn empty_voice(&mut self, channel: Id) {
        let guild = self.world.channels.get(&channel).and_then(|channel| channel.guild_id);
        let Some(guild) = guild.and_then(|id| self.world.guilds.get(&id)) else {
            return;
        };
        let inside = guild.members.values().filter(|member| member.voice_channel == Some(channel));
        let (guild, users): (Id, Vec<Id>) = (guild.id, inside.map(|member| member.user_id).collect());
        for user in users {
            self.leave_voice(guild, user);
        }
    }

    fn emit_voice(&mut self, guild: Id, user: Id) {
        let member = self.world.guilds.get(&guild).and_then(|guild| guild.members.get(&user));
        let Some(member) = member else {
            return;
        };
        let mut data = voice_state_json(guild, member);
        data["member"] = self.world.member_json(member);
        let event = Event::state().in_guild(Some(guild));
        self.emit(event.dispatching("VOICE_STATE_UPDATE", intents::GUILD_VOICE_STATES, data));
    }
}
