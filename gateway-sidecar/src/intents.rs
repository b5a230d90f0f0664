//! Purpose: which gateway intents are asked for, from what the enabled features need.

use twilight_gateway::Intents;

/// Intents that Discord grants to an application by name only.
pub const PRIVILEGED: Intents = Intents::GUILD_MEMBERS.union(Intents::MESSAGE_CONTENT).union(Intents::GUILD_PRESENCES);

/// What the guilds' configurations ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Some guild has levels on.
    pub levels: bool,
    /// Some feature wants reactions.
    pub reactions: bool,
}

/// The intents for these needs. Members joining and leaving are always worth knowing.
pub fn for_needs(needs: Needs) -> Intents {
    let mut intents = Intents::GUILDS | Intents::GUILD_MEMBERS;
    if needs.levels {
        // The content is for minimum length and repetitions; without it the rest of the rules holds.
        intents |= Intents::GUILD_MESSAGES | Intents::GUILD_VOICE_STATES | Intents::MESSAGE_CONTENT;
    }
    if needs.reactions {
        intents |= Intents::GUILD_MESSAGE_REACTIONS;
    }
    intents
}

/// Flags of an application (Discord's reference, "Application Flags"): the plain ones are for large bots, the limited ones for others.
const MEMBERS_FLAGS: u64 = 1 << 14 | 1 << 15;
const PRESENCE_FLAGS: u64 = 1 << 12 | 1 << 13;
const CONTENT_FLAGS: u64 = 1 << 18 | 1 << 19;

/// Which of `asked` to leave off after a refusal (4013, 4014). `flags` are the application's, `None` when they could not be read.
///
/// The flags say which privileged intents are granted. When they do not explain the refusal, all privileged ones go.
pub fn refused(asked: Intents, flags: Option<u64>) -> Intents {
    let privileged = asked & PRIVILEGED;
    let Some(flags) = flags else { return privileged };
    let granted = |bits: u64, intent: Intents| if flags & bits == 0 { Intents::empty() } else { intent };
    let granted = granted(MEMBERS_FLAGS, Intents::GUILD_MEMBERS)
        | granted(PRESENCE_FLAGS, Intents::GUILD_PRESENCES)
        | granted(CONTENT_FLAGS, Intents::MESSAGE_CONTENT);
    let missing = privileged - granted;
    if missing.is_empty() { privileged } else { missing }
}

/// What is off without these intents, for logs and `/healthz`.
pub fn missed(off: Intents) -> Vec<&'static str> {
    let sentences = [
        (
            Intents::GUILD_MEMBERS,
            "Server Members Intent is off: joins, leaves and role changes are not seen. Switch it on in the Developer Portal, Bot.",
        ),
        (
            Intents::MESSAGE_CONTENT,
            "Message Content Intent is off: minimum length and repeated messages are not checked. Switch it on in the Developer Portal, Bot.",
        ),
        (Intents::GUILD_PRESENCES, "Presence Intent is off. Switch it on in the Developer Portal, Bot."),
    ];
    sentences.into_iter().filter(|(intent, _)| off.contains(*intent)).map(|(_, sentence)| sentence).collect()
}

/// Their names as Discord writes them.
pub fn names(intents: Intents) -> Vec<&'static str> {
    intents.iter_names().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const LEVELS: Needs = Needs { levels: true, reactions: false };

    #[rstest]
    #[case::nothing(Needs::default(), 1 | 1 << 1)]
    #[case::levels(LEVELS, 1 | 1 << 1 | 1 << 7 | 1 << 9 | 1 << 15)]
    #[case::both(Needs { reactions: true, ..LEVELS }, 1 | 1 << 1 | 1 << 7 | 1 << 9 | 1 << 10 | 1 << 15)]
    fn only_what_is_needed(#[case] needs: Needs, #[case] bits: u64) {
        assert_eq!(for_needs(needs).bits(), bits);
    }

    #[rstest]
    #[case::flags_unknown(None, Intents::GUILD_MEMBERS | Intents::MESSAGE_CONTENT)]
    #[case::none_granted(Some(0), Intents::GUILD_MEMBERS | Intents::MESSAGE_CONTENT)]
    #[case::members_granted(Some(1 << 15), Intents::MESSAGE_CONTENT)]
    #[case::content_granted(Some(1 << 18), Intents::GUILD_MEMBERS)]
    #[case::flags_explain_nothing(Some(1 << 15 | 1 << 19), Intents::GUILD_MEMBERS | Intents::MESSAGE_CONTENT)]
    fn a_refusal_costs_as_little_as_possible(#[case] flags: Option<u64>, #[case] off: Intents) {
        assert_eq!(refused(for_needs(LEVELS), flags), off);
    }

    #[test]
    fn what_is_off_is_said() {
        let said = missed(Intents::GUILD_MEMBERS | Intents::MESSAGE_CONTENT);
        assert_eq!(said.len(), 2);
        assert!(said[1].contains("repeated messages are not checked"));
        assert!(missed(Intents::empty()).is_empty());
    }
}
