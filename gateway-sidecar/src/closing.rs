//! Purpose: what to do when a connection to the gateway ends: one table, for every close code and for op 7 and op 9.
//!
//! Source: Discord's reference, "Gateway Close Event Codes" and "Resuming". Where it says "reconnect", the session is resumed
//! unless its state is what was wrong.

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The other side closed it, with this code if it gave one; also a transport that broke (1006).
    Closed(Option<u16>),
    /// Op 7.
    ReconnectAsked,
    /// Op 9, with whether the session can be resumed.
    InvalidSession(bool),
    /// Nobody answered where the gateway should be.
    Unreachable,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Connect and resume the session: what was missed is replayed.
    Resume,
    /// The session is gone: log in anew, after one to five seconds.
    NewSession,
    /// Log in anew with fewer intents.
    FewerIntents,
    /// Trying again would not help; the sentence says what would.
    Fatal(&'static str),
}

/// The table.
pub fn after(ending: Ending) -> Next {
    use Ending::{Closed, InvalidSession, ReconnectAsked, Unreachable};
    match ending {
        ReconnectAsked | Unreachable | InvalidSession(true) | Closed(None) => Next::Resume,
        InvalidSession(false) => Next::NewSession,
        Closed(Some(code)) => after_code(code),
    }
}

fn after_code(code: u16) -> Next {
    match code {
        // A close with these ends the session at Discord, whoever said it.
        1000 | 1001 => Next::NewSession,
        // Not authenticated, already authenticated, a sequence that does not fit, timed out: the session's state is wrong.
        4003 | 4005 | 4007 | 4009 => Next::NewSession,
        4004 => Next::Fatal(
            "Discord does not take the bot token (4004): put the current one into DISCORD_TOKEN or --token-file.",
        ),
        4010 => Next::Fatal("Discord does not take this shard (4010): check --shards."),
        4011 => {
            Next::Fatal("The bot is in too many servers for so few shards (4011): use --shards auto, or more shards.")
        }
        4012 => Next::Fatal("The gateway no longer speaks version 10 (4012): install a newer muster-gateway."),
        4013 | 4014 => Next::FewerIntents,
        // Unknown errors, decode errors, rate limits, and codes that do not exist yet.
        _ => Next::Resume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::cut(Ending::Closed(None), Next::Resume)]
    #[case::broken(Ending::Closed(Some(1006)), Next::Resume)]
    #[case::normal(Ending::Closed(Some(1000)), Next::NewSession)]
    #[case::going_away(Ending::Closed(Some(1001)), Next::NewSession)]
    #[case::unknown_error(Ending::Closed(Some(4000)), Next::Resume)]
    #[case::unknown_opcode(Ending::Closed(Some(4001)), Next::Resume)]
    #[case::decode_error(Ending::Closed(Some(4002)), Next::Resume)]
    #[case::not_authenticated(Ending::Closed(Some(4003)), Next::NewSession)]
    #[case::already_authenticated(Ending::Closed(Some(4005)), Next::NewSession)]
    #[case::invalid_sequence(Ending::Closed(Some(4007)), Next::NewSession)]
    #[case::rate_limited(Ending::Closed(Some(4008)), Next::Resume)]
    #[case::timed_out(Ending::Closed(Some(4009)), Next::NewSession)]
    #[case::invalid_intents(Ending::Closed(Some(4013)), Next::FewerIntents)]
    #[case::disallowed_intents(Ending::Closed(Some(4014)), Next::FewerIntents)]
    #[case::from_the_future(Ending::Closed(Some(4999)), Next::Resume)]
    #[case::op_7(Ending::ReconnectAsked, Next::Resume)]
    #[case::op_9_resumable(Ending::InvalidSession(true), Next::Resume)]
    #[case::op_9_gone(Ending::InvalidSession(false), Next::NewSession)]
    #[case::nobody_there(Ending::Unreachable, Next::Resume)]
    fn every_ending_has_its_answer(#[case] ending: Ending, #[case] next: Next) {
        assert_eq!(after(ending), next);
    }

    #[rstest]
    #[case(4004, "DISCORD_TOKEN")]
    #[case(4010, "--shards")]
    #[case(4011, "--shards auto")]
    #[case(4012, "newer")]
    fn what_cannot_be_helped_says_what_to_do(#[case] code: u16, #[case] advice: &str) {
        let Next::Fatal(sentence) = after(Ending::Closed(Some(code))) else { panic!("{code} is fatal") };
        assert!(sentence.contains(advice), "{sentence}");
    }
}
