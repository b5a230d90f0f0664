//! Purpose: the demo world: a café guild with people of every kind, and a second guild that shares some of them.

use crate::{
    Sim,
    acting::Refusal,
    build::{NewChannel, NewMember, NewRole, NewUser},
    ids::Id,
    permissions as p,
    world::{ChannelKind, Overwrite},
};

/// Name of the first demo guild.
pub const DEMO_GUILD: &str = "Lantern Café";
/// Name of the second demo guild, where some of the same people are.
pub const OTHER_GUILD: &str = "Harbour Book Club";

/// Username of the bot besides Muster in the first demo guild.
pub const OTHER_BOT: &str = "samovar";

const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// Username, display name, account age in days, days since joining the café, roles in the café.
const PEOPLE: [(&str, &str, u64, u64, &[&str]); 10] = [
    ("mara", "Mara", 2_400, 900, &["Owner", "Member"]),
    ("jonas", "Jonas", 1_800, 700, &["Moderator", "Member"]),
    ("ada", "Ada", 1_500, 400, &["Booster", "Member"]),
    ("bela", "Béla", 900, 300, &["Member"]),
    ("chen", "Chen", 700, 250, &["Member"]),
    ("dilek", "Dilek", 400, 120, &["Member"]),
    ("emil", "Emil", 200, 60, &["Member"]),
    ("farah", "Farah", 120, 30, &["Newcomer", "Member"]),
    // No Member role: may talk, but not enter what is for members.
    ("gus", "Gus", 600, 20, &[]),
    // Made yesterday.
    ("nova", "Nova", 1, 0, &["Newcomer"]),
];

/// Who has a picture of their own; all others have one of Discord's.
const PICTURED: [&str; 4] = ["mara", "ada", "chen", "farah"];

impl Sim {
    /// Makes the demo guild "Lantern Café" (owner mara, moderator jonas, members, a newcomer "nova" with a day-old
    /// account, "gus" without the Member role, channels, roles, voice, another bot) and "Harbour Book Club" with some of the same people.
    /// Everything that was there is forgotten first, but for the application's global commands; settings and the clock stay.
    pub fn seed_demo(&mut self) {
        let mut commands = std::mem::take(&mut self.world.commands);
        commands.retain(|_, command| command.guild_id.is_none());
        self.clear();
        self.world.commands = commands;
        // Every name used below is made above it, so this cannot fail; if it ever does, the world is just smaller.
        let made = self.seed_people().and_then(|()| self.seed_cafe()).and_then(|()| self.seed_book_club());
        debug_assert_eq!(made, Ok(()));
    }

    fn seed_people(&mut self) -> Result<(), Refusal> {
        let now = self.world.now_ms;
        for (username, name, age_days, _, _) in PEOPLE {
            self.add_user(NewUser {
                username: username.into(),
                global_name: Some(name.into()),
                created_ms: Some(now.saturating_sub(age_days * DAY_MS)),
                locale: if username == "dilek" { "de".into() } else { String::new() },
                avatar: PICTURED.contains(&username).then(|| format!("{:032x}", age_days * 0x9E37_79B9_7F4A)),
                ..NewUser::default()
            });
        }
        Ok(())
    }

    fn seed_cafe(&mut self) -> Result<(), Refusal> {
        let guild = self.add_guild(DEMO_GUILD, "mara")?;
        let role = |name: &str, permissions, color, hoist| NewRole {
            name: name.into(),
            permissions,
            color,
            hoist,
            ..NewRole::default()
        };
        self.add_role(&guild, role("Owner", p::ADMINISTRATOR, 0xC0392B, true))?;
        let moderator = p::MANAGE_GUILD | p::MANAGE_MESSAGES | p::KICK_MEMBERS | p::MODERATE_MEMBERS | p::PIN_MESSAGES;
        self.add_role(&guild, role("Moderator", moderator, 0x2E86C1, true))?;
        let booster = NewRole { managed: true, premium_subscriber: true, ..role("Booster", 0, 0xF47FFF, true) };
        self.add_role(&guild, booster)?;
        self.add_role(&guild, NewRole { mentionable: true, ..role("Member", 0, 0x27AE60, false) })?;
        self.add_role(&guild, role("Newcomer", 0, 0x95A5A6, false))?;
        self.order_roles(&guild, &["Owner", "Moderator", "Muster", "Booster", "Member", "Newcomer"])?;
        self.set_guild_icon(&guild, Some("1a27e9ca8e11ab1e5c0ffee5c0ffee50"))?;
        let now = self.world.now_ms;
        for (username, _, _, joined_days, roles) in PEOPLE {
            if username == "mara" {
                self.set_roles(&guild, username, roles)?;
                continue;
            }
            let joined_ms = now.saturating_sub(joined_days * DAY_MS + 3_600_000);
            let premium_since_ms = (username == "ada").then(|| now.saturating_sub(40 * DAY_MS));
            let roles = roles.iter().map(|role| (*role).to_owned()).collect();
            let member = NewMember { roles, joined_ms: Some(joined_ms), premium_since_ms, ..NewMember::default() };
            self.add_member(&guild, username, member)?;
        }
        let created_ms = Some(now.saturating_sub(1_000 * DAY_MS));
        let bot = NewUser { username: OTHER_BOT.into(), bot: true, created_ms, ..NewUser::default() };
        self.add_user(bot);
        let joined_ms = Some(now.saturating_sub(200 * DAY_MS));
        self.add_member(&guild, OTHER_BOT, NewMember { joined_ms, ..NewMember::default() })?;
        self.set_guild_avatar(&guild, "chen", Some("c0ffee0000000000000000000000c4e4"))?;
        self.seed_cafe_channels(&guild)
    }

    fn seed_cafe_channels(&mut self, guild: &str) -> Result<(), Refusal> {
        let everyone: Id = guild.parse().map_err(|_| Refusal::new("unknown_guild", "The guild has no id"))?;
        let guild_id = everyone;
        let moderator = self.need_role(guild_id, "Moderator")?;
        let muster = self.need_role(guild_id, "Muster")?;
        let read_only = vec![
            Overwrite { id: everyone, kind: 0, allow: 0, deny: p::SEND_MESSAGES },
            Overwrite { id: moderator, kind: 0, allow: p::SEND_MESSAGES, deny: 0 },
            Overwrite { id: muster, kind: 0, allow: p::SEND_MESSAGES, deny: 0 },
        ];
        let staff_only = vec![
            Overwrite { id: everyone, kind: 0, allow: 0, deny: p::VIEW_CHANNEL },
            Overwrite { id: moderator, kind: 0, allow: p::VIEW_CHANNEL | p::SEND_MESSAGES, deny: 0 },
            Overwrite { id: muster, kind: 0, allow: p::VIEW_CHANNEL | p::SEND_MESSAGES, deny: 0 },
        ];
        let category = |name: &str, overwrites: Vec<Overwrite>| NewChannel {
            name: name.into(),
            kind: Some(ChannelKind::Category),
            overwrites,
            ..NewChannel::default()
        };
        let text = |name: &str, parent: &str, topic: &str, overwrites: Vec<Overwrite>| NewChannel {
            name: name.into(),
            parent: Some(parent.into()),
            topic: Some(topic.into()),
            overwrites,
            ..NewChannel::default()
        };
        self.add_channel(guild, category("Front room", Vec::new()))?;
        self.add_channel(guild, category("Events", Vec::new()))?;
        self.add_channel(guild, category("Back room", staff_only.clone()))?;
        self.add_channel(guild, text("welcome", "Front room", "Say hello at the door", read_only.clone()))?;
        self.add_channel(guild, text("general", "Front room", "Anything over a cup", Vec::new()))?;
        self.add_channel(guild, text("giveaways", "Events", "Press the button to enter", read_only))?;
        self.add_channel(guild, text("giveaway-log", "Back room", "What happened, and why", staff_only.clone()))?;
        self.add_channel(guild, text("staff", "Back room", "Moderators only", staff_only))?;
        let voice = |name: &str| NewChannel {
            name: name.into(),
            kind: Some(ChannelKind::Voice),
            parent: Some("Front room".into()),
            ..NewChannel::default()
        };
        self.add_channel(guild, voice("Window seat"))?;
        self.add_channel(guild, voice("Long table"))?;
        self.add_channel(guild, voice("Gone for a walk"))?;
        self.set_afk_channel(guild, Some("Gone for a walk"))?;
        self.say("mara", "#welcome", "Welcome to the Lantern Café! Pull up a chair.")?;
        self.say("ada", "#general", "Good morning everyone ☕")?;
        self.say("emil", "#general", "Morning! Is the giveaway on tonight?")?;
        Ok(())
    }

    fn seed_book_club(&mut self) -> Result<(), Refusal> {
        let guild = self.add_guild(OTHER_GUILD, "bela")?;
        let member = NewRole { name: "Member".into(), ..NewRole::default() };
        self.add_role(&guild, member)?;
        self.order_roles(&guild, &["Muster", "Member"])?;
        for username in ["mara", "ada", "chen", "gus", "nova"] {
            let roles = if username == "nova" { Vec::new() } else { vec!["Member".into()] };
            self.add_member(&guild, username, NewMember { roles, ..NewMember::default() })?;
        }
        for name in ["general", "giveaways", "reading-list"] {
            self.add_channel(&guild, NewChannel { name: name.into(), ..NewChannel::default() })?;
        }
        self.say("bela", "Harbour Book Club/#general", "This month: anything with a lighthouse in it.")?;
        Ok(())
    }
}
