//! Purpose: avatars and icons: where they are said to be they are, and nowhere else.

use crate::{DEMO_GUILD, Sim};

use super::{API, demo, guild_path};

/// Width and height of a PNG.
fn measure(sim: &Sim, path: &str) -> (u32, u32) {
    let (kind, bytes) = sim.file(path).unwrap_or_else(|| panic!("nothing at {path}"));
    assert_eq!((kind.as_str(), &bytes[..8]), ("image/png", b"\x89PNG\r\n\x1a\n".as_slice()));
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[test]
fn people_and_guilds_have_the_pictures_their_objects_name() {
    let mut sim = demo();
    let (mara, chen) = (sim.user_id("mara").expect("known"), sim.user_id("chen").expect("known"));
    let (_, user) = sim.rest_json("GET", &format!("{API}/users/{mara}"), None);
    let avatar = format!("/avatars/{mara}/{}.png", user["avatar"].as_str().expect("mara has one"));
    assert_eq!(measure(&sim, &avatar), (128, 128));
    assert_eq!(measure(&sim, &format!("{avatar}?size=64")), (64, 64));
    assert_eq!(measure(&sim, &format!("{avatar}?size=4096")), (512, 512));
    assert_eq!(sim.file(&avatar), sim.file(&avatar));
    let (_, guild) = sim.rest_json("GET", &guild_path(&sim, ""), None);
    let id = guild["id"].as_str().expect("id");
    measure(&sim, &format!("/icons/{id}/{}.png", guild["icon"].as_str().expect("the café has one")));
    let (_, member) = sim.rest_json("GET", &guild_path(&sim, &format!("/members/{chen}")), None);
    let own = member["avatar"].as_str().expect("chen has one here");
    assert_ne!(member["user"]["avatar"].as_str(), Some(own));
    measure(&sim, &format!("/guilds/{id}/users/{chen}/avatars/{own}.png"));
    let colours: std::collections::BTreeSet<_> =
        (0..6).map(|number| sim.file(&format!("/embed/avatars/{number}.png"))).collect();
    assert_eq!(colours.len(), 6);
}

#[test]
fn what_is_not_there_is_not_drawn() {
    let mut sim = demo();
    let (mara, bela) = (sim.user_id("mara").expect("known"), sim.user_id("bela").expect("known"));
    let (_, user) = sim.rest_json("GET", &format!("{API}/users/{mara}"), None);
    let hash = user["avatar"].as_str().expect("mara has one").to_owned();
    for path in [
        format!("/avatars/{mara}/0000.png"),
        format!("/avatars/{mara}/{hash}.gif"),
        format!("/avatars/{mara}/{hash}.png?size=100"),
        format!("/avatars/{mara}/{hash}.png?size=8192"),
        format!("/avatars/{bela}/{hash}.png"),
        format!("/icons/{mara}/{hash}.png"),
        "/embed/avatars/6.png".to_owned(),
        "/avatars/1/.png".to_owned(),
    ] {
        assert_eq!(sim.file(&path), None, "{path}");
    }
    sim.set_avatar("mara", None).expect("known");
    assert_eq!(sim.file(&format!("/avatars/{mara}/{hash}.png")), None);
    sim.set_avatar("bela", Some("be1a")).expect("known");
    measure(&sim, &format!("/avatars/{bela}/be1a.png"));
    sim.set_guild_avatar(DEMO_GUILD, "bela", Some("be1b")).expect("a member");
    let guild = sim.guild_id(DEMO_GUILD).expect("known");
    measure(&sim, &format!("/guilds/{guild}/users/{bela}/avatars/be1b.png"));
}
