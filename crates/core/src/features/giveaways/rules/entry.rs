//! Purpose: who may enter, with how many entries, and what would satisfy a requirement that is not met.

use crate::time::say_duration;
use serde::{Deserialize, Serialize};
use twilight_model::id::{Id, marker::RoleMarker};

/// Each role's bonus is at most this, so that nobody's weight overflows or drowns the rest by a typing error.
pub const MAX_BONUS: u32 = 100;
const DAY_MS: i64 = 86_400_000;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Requirements {
    pub roles: Vec<Id<RoleMarker>>,
    /// All of `roles` instead of any one of them.
    pub all_roles: bool,
    pub blocked_roles: Vec<Id<RoleMarker>>,
    pub min_level: Option<u32>,
    pub min_account_days: Option<u32>,
    pub min_member_days: Option<u32>,
    /// Bonus entries by role; they add up.
    pub bonus: Vec<(Id<RoleMarker>, u32)>,
}

/// What is known of a person at the moment of the check.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    pub roles: &'a [Id<RoleMarker>],
    /// Unix milliseconds.
    pub account_created: i64,
    pub joined: Option<i64>,
    pub level: Option<u32>,
    pub blacklisted: bool,
}

/// A requirement that is not met. Each says what would satisfy it (`view` puts it into words).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    Blacklisted,
    MissingRoles { missing: Vec<Id<RoleMarker>>, all: bool },
    BlockedRole(Id<RoleMarker>),
    LevelTooLow { needed: u32, has: u32 },
    LevelUnknown { needed: u32 },
    AccountTooYoung { days: u32, from: i64 },
    MemberTooShort { days: u32, from: Option<i64> },
}

impl Unmet {
    /// For the log and the proof: without markup.
    pub fn log_reason(&self) -> String {
        match self {
            Self::Blacklisted => "blacklisted".to_owned(),
            Self::MissingRoles { .. } => "does not hold the required role".to_owned(),
            Self::BlockedRole(_) => "holds a blocked role".to_owned(),
            Self::LevelTooLow { needed, has } => format!("level {has}, {needed} needed"),
            Self::LevelUnknown { needed } => format!("level unknown, {needed} needed"),
            Self::AccountTooYoung { days, .. } => {
                format!("account younger than {}", say_duration(i64::from(*days) * DAY_MS))
            }
            Self::MemberTooShort { days, .. } => {
                format!("member for less than {}", say_duration(i64::from(*days) * DAY_MS))
            }
        }
    }
}

/// All requirements, in the order in which a person would fix them.
///
/// # Errors
/// The first one that is not met.
pub fn check(requirements: &Requirements, candidate: &Candidate<'_>, now: i64) -> Result<(), Unmet> {
    if candidate.blacklisted {
        return Err(Unmet::Blacklisted);
    }
    check_roles(requirements, candidate.roles)?;
    if let Some(needed) = requirements.min_level {
        match candidate.level {
            None => return Err(Unmet::LevelUnknown { needed }),
            Some(has) if has < needed => return Err(Unmet::LevelTooLow { needed, has }),
            Some(_) => {}
        }
    }
    if let Some(days) = requirements.min_account_days {
        let from = candidate.account_created + i64::from(days) * DAY_MS;
        if from > now {
            return Err(Unmet::AccountTooYoung { days, from });
        }
    }
    if let Some(days) = requirements.min_member_days {
        let from = candidate.joined.map(|joined| joined + i64::from(days) * DAY_MS);
        if from.is_none_or(|from| from > now) {
            return Err(Unmet::MemberTooShort { days, from });
        }
    }
    Ok(())
}

/// The part that is checked again before a win and at the claim: roles come and go.
///
/// # Errors
/// The role that is missing or blocked.
pub fn check_roles(requirements: &Requirements, held: &[Id<RoleMarker>]) -> Result<(), Unmet> {
    if let Some(role) = requirements.blocked_roles.iter().find(|role| held.contains(role)) {
        return Err(Unmet::BlockedRole(*role));
    }
    let missing: Vec<_> = requirements.roles.iter().filter(|role| !held.contains(role)).copied().collect();
    let met = if requirements.all_roles {
        missing.is_empty()
    } else {
        missing.len() < requirements.roles.len() || requirements.roles.is_empty()
    };
    if met { Ok(()) } else { Err(Unmet::MissingRoles { missing, all: requirements.all_roles }) }
}

/// One entry, and the bonus of every role held.
pub fn weight(requirements: &Requirements, held: &[Id<RoleMarker>]) -> u32 {
    let bonus = requirements.bonus.iter().filter(|(role, _)| held.contains(role));
    1 + bonus.map(|(_, entries)| (*entries).min(MAX_BONUS)).sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const NOW: i64 = 1_800_000_000_000;

    fn someone(roles: &[Id<RoleMarker>]) -> Candidate<'_> {
        Candidate {
            roles,
            account_created: NOW - 400 * DAY_MS,
            joined: Some(NOW - 30 * DAY_MS),
            level: Some(5),
            blacklisted: false,
        }
    }

    fn role(n: u64) -> Id<RoleMarker> {
        Id::new(n)
    }

    #[rstest]
    #[case::any_of_two(Requirements { roles: vec![role(1), role(2)], ..Default::default() }, Ok(()))]
    #[case::all_of_two(
        Requirements { roles: vec![role(1), role(2)], all_roles: true, ..Default::default() },
        Err(Unmet::MissingRoles { missing: vec![role(2)], all: true })
    )]
    #[case::blocked(
        Requirements { blocked_roles: vec![role(1)], ..Default::default() },
        Err(Unmet::BlockedRole(role(1)))
    )]
    #[case::level_reached(Requirements { min_level: Some(5), ..Default::default() }, Ok(()))]
    #[case::level_missed(
        Requirements { min_level: Some(6), ..Default::default() },
        Err(Unmet::LevelTooLow { needed: 6, has: 5 })
    )]
    #[case::account_just_old_enough(Requirements { min_account_days: Some(400), ..Default::default() }, Ok(()))]
    #[case::account_too_young(
        Requirements { min_account_days: Some(401), ..Default::default() },
        Err(Unmet::AccountTooYoung { days: 401, from: NOW + DAY_MS })
    )]
    #[case::member_too_short(
        Requirements { min_member_days: Some(31), ..Default::default() },
        Err(Unmet::MemberTooShort { days: 31, from: Some(NOW + DAY_MS) })
    )]
    fn each_requirement_names_what_is_missing(#[case] needs: Requirements, #[case] expected: Result<(), Unmet>) {
        assert_eq!(check(&needs, &someone(&[role(1)]), NOW), expected);
    }

    #[test]
    fn the_blacklist_comes_first_and_bonus_entries_add_up() {
        let mut listed = someone(&[]);
        listed.blacklisted = true;
        assert_eq!(check(&Requirements::default(), &listed, NOW), Err(Unmet::Blacklisted));
        let needs =
            Requirements { bonus: vec![(role(1), 2), (role(2), 3), (role(3), 4_000_000_000)], ..Default::default() };
        assert_eq!(weight(&needs, &[]), 1);
        assert_eq!(weight(&needs, &[role(1), role(2)]), 6);
        assert_eq!(weight(&needs, &[role(3)]), 1 + MAX_BONUS);
    }
}
