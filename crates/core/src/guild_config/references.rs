//! Purpose: which roles and channels a configuration mentions, and what it is with others in their place.

use super::GuildConfig;
use crate::xp::{AnnounceIn, Scope};
use std::collections::{BTreeMap, BTreeSet};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};

type RoleId = Id<RoleMarker>;
type ChannelId = Id<ChannelMarker>;

/// Replaces each; whatever has no replacement goes, and what two became stays once.
fn replace_all<T: PartialEq + Copy>(list: &mut Vec<T>, replacement: &mut dyn FnMut(T) -> Option<T>) {
    let mut kept = Vec::with_capacity(list.len());
    for one in list.iter().filter_map(|one| replacement(*one)) {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    *list = kept;
}

impl GuildConfig {
    /// Every mention goes through here: a setting with a role or channel that is missing here would keep the ids of another server.
    fn replace_references(
        &mut self,
        role: &mut dyn FnMut(RoleId) -> Option<RoleId>,
        channel: &mut dyn FnMut(ChannelId) -> Option<ChannelId>,
    ) {
        replace_all(&mut self.giveaway_managers, role);
        self.giveaway_log_channel = self.giveaway_log_channel.and_then(&mut *channel);
        let levels = &mut self.levels;
        replace_all(&mut levels.text.no_xp_roles, role);
        replace_all(&mut levels.text.no_xp_channels, channel);
        levels.announce.winners = levels.announce.winners.and_then(&mut *channel);
        if let AnnounceIn::Channel(place) = levels.announce.place {
            levels.announce.place = channel(place).map_or(AnnounceIn::Same, AnnounceIn::Channel);
        }
        levels.text.multipliers.retain_mut(|one| match &mut one.scope {
            Scope::Role { id } => role(*id).map(|new| *id = new).is_some(),
            Scope::Channel { id } => channel(*id).map(|new| *id = new).is_some(),
            Scope::Window { .. } => true,
        });
        let mut scopes = Vec::new();
        levels.text.multipliers.retain(|one| {
            let is_first = !scopes.contains(&one.scope);
            scopes.push(one.scope.clone());
            is_first
        });
        levels.rewards.retain_mut(|reward| role(reward.role).map(|new| reward.role = new).is_some());
        let mut given = BTreeSet::new();
        levels.rewards.retain(|reward| given.insert(reward.role));
    }

    /// Every role and channel that it mentions.
    pub fn references(&self) -> (BTreeSet<RoleId>, BTreeSet<ChannelId>) {
        let (mut roles, mut channels) = (BTreeSet::new(), BTreeSet::new());
        self.clone().replace_references(
            &mut |id| {
                roles.insert(id);
                Some(id)
            },
            &mut |id| {
                channels.insert(id);
                Some(id)
            },
        );
        (roles, channels)
    }

    /// The same with these in the place of those it mentions. What is not among them is dropped; announcements whose channel is
    /// dropped go to where the level was reached.
    pub fn with_references(&self, roles: &BTreeMap<RoleId, RoleId>, channels: &BTreeMap<ChannelId, ChannelId>) -> Self {
        let mut mapped = self.clone();
        mapped.replace_references(&mut |id| roles.get(&id).copied(), &mut |id| channels.get(&id).copied());
        mapped
    }
}

/// A document that mentions a role or channel in every place where one can stand.
#[cfg(test)]
pub const EVERY_MENTION: &str = r#"{"giveaway_managers":["11","12"],"giveaway_log_channel":"21","levels":{
        "text":{"no_xp_roles":["13"],"no_xp_channels":["22"],"multipliers":[{"scope":"role","id":"14","percent":200},
            {"scope":"channel","id":"23","percent":50},{"scope":"window","days":1,"from":0,"to":60,"percent":150}]},
        "announce":{"in":{"channel":"24"},"winners":"25"},"rewards":[{"level":5,"role":"15"}]}}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_mention_is_found_and_replaced() {
        let config: GuildConfig = serde_json::from_str(EVERY_MENTION).unwrap();
        let (roles, channels) = config.references();
        assert_eq!(roles.iter().map(|id| id.get()).collect::<Vec<_>>(), [11, 12, 13, 14, 15]);
        assert_eq!(channels.iter().map(|id| id.get()).collect::<Vec<_>>(), [21, 22, 23, 24, 25]);
        // Ids of this document that the new one must not contain in any place.
        let moved = config.with_references(
            &roles.iter().map(|id| (*id, Id::new(id.get() + 100))).collect(),
            &channels.iter().map(|id| (*id, Id::new(id.get() + 100))).collect(),
        );
        let text = serde_json::to_string(&moved).unwrap();
        for id in (11..=15).chain(21..=25) {
            assert!(
                !text.contains(&format!("\"{id}\"")) && text.contains(&format!("\"{}\"", id + 100)),
                "{id}: {text}"
            );
        }
        let none = config.with_references(&BTreeMap::new(), &BTreeMap::new());
        assert_eq!(none.references(), Default::default());
        assert_eq!(none.levels.text.multipliers.len(), 1);
        assert_eq!(serde_json::to_value(&none.levels.announce).unwrap()["in"], json!("same"));
    }

    #[test]
    fn what_two_became_stays_once() {
        let config: GuildConfig = serde_json::from_str(EVERY_MENTION).unwrap();
        let (roles, channels) = config.references();
        let same = config.with_references(
            &roles.iter().map(|id| (*id, Id::new(1))).collect(),
            &channels.iter().map(|id| (*id, *id)).collect(),
        );
        assert_eq!(same.giveaway_managers, [Id::new(1)]);
    }
}
