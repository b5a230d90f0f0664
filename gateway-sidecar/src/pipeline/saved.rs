//! Purpose: what a restart must know, as bytes: segments that each say what changed, the later ones outdoing the earlier.
//!
//! JSON, because ids and rules already have their JSON forms, and because a form that grows must stay readable.

use super::{
    Pipeline,
    guild::{Changed, Count, Guild, Occupant},
    member::{Accrual, Decided, Key, Member, as_number},
};
use muster_core::xp::{Recent, Silence, VoiceFloor};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
};

#[derive(Serialize, Deserialize)]
struct Segment<'a> {
    #[serde(default)]
    gone: Vec<Id<GuildMarker>>,
    #[serde(default)]
    guilds: Vec<SavedGuild<'a>>,
    #[serde(default)]
    members: Vec<SavedMember>,
}

#[derive(Serialize, Deserialize)]
struct SavedMember(
    #[serde(serialize_with = "as_number")] Id<GuildMarker>,
    #[serde(serialize_with = "as_number")] Id<UserMarker>,
    Recent,
    Vec<Decided>,
    Option<Accrual>,
);

/// Parts that did not change are left out.
#[derive(Serialize, Deserialize)]
struct SavedGuild<'a> {
    id: Id<GuildMarker>,
    shard: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parents: Option<Vec<(Id<ChannelMarker>, Id<ChannelMarker>)>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voice: Option<SavedVoice<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counts: Option<Vec<SavedCount>>,
}

/// Channel, hour, messages, seconds in voice.
type SavedCount = (Id<ChannelMarker>, i64, u32, u32);
type SavedOccupant = (Id<UserMarker>, Id<ChannelMarker>, bool, Vec<Id<RoleMarker>>, Option<Silence>);

#[derive(Serialize, Deserialize)]
struct SavedVoice<'a> {
    floor: Cow<'a, VoiceFloor>,
    occupants: Vec<SavedOccupant>,
    taken: i64,
}

fn saved_guild(id: Id<GuildMarker>, guild: &Guild, changed: Changed) -> SavedGuild<'_> {
    let occupant = |(user, o): (&Id<UserMarker>, &Occupant)| (*user, o.channel, o.is_bot, o.roles.clone(), o.silence);
    let count = |((channel, hour), count): (&(Id<ChannelMarker>, i64), &Count)| {
        (*channel, *hour, count.messages, count.voice_seconds)
    };
    SavedGuild {
        id,
        shard: guild.shard,
        parents: changed.places.then(|| guild.all_places().collect()),
        voice: changed.voice.then(|| SavedVoice {
            floor: Cow::Borrowed(&guild.floor),
            occupants: guild.occupants.iter().map(occupant).collect(),
            taken: guild.voice_taken,
        }),
        counts: changed.counts.then(|| guild.counts.iter().map(count).collect()),
    }
}

fn saved_member(key: &Key, member: &Member) -> SavedMember {
    SavedMember(key.0, key.1, member.recent, member.why.iter().collect(), member.accrual)
}

impl Pipeline {
    /// What changed since the last segment, or everything. `None` when nothing did.
    pub(super) fn segment(&mut self, touched: &[Key], whole: bool) -> Option<Vec<u8>> {
        const ALL: Changed = Changed { places: true, voice: true, counts: true };
        let gone = std::mem::take(&mut self.gone);
        let members: Vec<SavedMember> = if whole {
            self.members.iter().map(|(key, member)| saved_member(key, member)).collect()
        } else {
            let saved = |key: &Key| self.members.find(*key).map(|member| saved_member(key, member));
            touched.iter().filter_map(saved).collect()
        };
        let changed = |guild: &Guild| if whole { ALL } else { guild.changed };
        let guilds: Vec<SavedGuild<'_>> = self
            .guilds
            .iter()
            .filter(|(_, guild)| changed(guild) != Changed::default())
            .map(|(id, guild)| saved_guild(*id, guild, changed(guild)))
            .collect();
        if !whole && gone.is_empty() && guilds.is_empty() && members.is_empty() {
            return None;
        }
        // Maps with ids for keys are all there is, which JSON can write.
        let bytes = serde_json::to_vec(&Segment { gone, guilds, members }).ok();
        self.guilds.values_mut().for_each(|guild| guild.changed = Changed::default());
        bytes
    }

    /// Takes over a segment, later ones after earlier ones.
    ///
    /// # Errors
    /// When the bytes are no segment; nothing was taken over then.
    pub fn restore(&mut self, segment: &[u8]) -> serde_json::Result<()> {
        let segment: Segment<'_> = serde_json::from_slice(segment)?;
        for guild in segment.gone {
            self.guilds.remove(&guild);
        }
        for saved in segment.guilds {
            self.restore_guild(saved);
        }
        for SavedMember(guild, user, recent, why, accrual) in segment.members {
            let key = (guild, user);
            let member = self.members.get(key);
            *member = Member { recent, accrual, ..Member::default() };
            why.into_iter().for_each(|decided| member.why.restore(decided));
            if accrual.is_some() {
                self.held.push(key);
            }
        }
        Ok(())
    }

    fn restore_guild(&mut self, saved: SavedGuild<'_>) {
        let guild = self.guilds.entry(saved.id).or_default();
        guild.shard = saved.shard;
        if let Some(parents) = saved.parents {
            guild.restore_places(parents);
        }
        if let Some(voice) = saved.voice {
            guild.floor = voice.floor.into_owned();
            guild.voice_taken = voice.taken;
            let occupant =
                |(user, channel, is_bot, roles, silence)| (user, Occupant { channel, is_bot, roles, silence });
            guild.occupants = voice.occupants.into_iter().map(occupant).collect();
        }
        if let Some(counts) = saved.counts {
            let count = |(channel, hour, messages, voice_seconds)| ((channel, hour), Count { messages, voice_seconds });
            guild.counts = counts.into_iter().map(count).collect();
        }
        guild.changed = Changed::default();
    }
}
