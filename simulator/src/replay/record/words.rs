//! Purpose: what people write in chats: short, long, repeated, mentioning, linking.

use std::sync::LazyLock;

use super::dice::Dice;

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    "the a to and i you it is that in of for on this with my me we not so but just have be are was they do can \
     like what if one at all no get game server today really think know time good new now when how some would \
     there out up about more people got going want see also because then make need still who play anyone team \
     work day help maybe much back first said way did your from level build update tomorrow stream music music \
     weekend patch channel question actually probably something different tournament screenshot settings \
     character everyone"
        .split(' ')
        .collect()
});
static SHORT: LazyLock<Vec<&str>> = LazyLock::new(|| {
    "lol gg ok yes no ? ^ lmao nice thanks ty same true brb hi hello gm gn wow 👍 😂 🔥 💀 ❤️ f xd idk what \
     why rip 😭😭😭 W L oof np yep nope wb"
        .split(' ')
        .collect()
});
const EMOJI: &[&str] = &["😂", "❤️", "🔥", "😭", "👀", "🎉", "🙏", "💀", "😎", "🥲", "👋", "✨"];
const ELSEWHERE: &[&str] = &[
    "das ist wirklich gut geworden, danke dir!",
    "ich schaue später nochmal rein",
    "¿alguien juega esta noche?",
    "qué risa jajaja",
    "on se retrouve à huit heures ?",
    "c'est pas mal du tout",
    "今日は誰かいますか？",
    "了解です、ありがとう",
    "привет всем, как дела?",
    "кто в голосовом?",
    "안녕하세요 여러분",
    "오늘 저녁에 같이 해요",
    "bugün kim oynuyor?",
    "kto gra dziś wieczorem?",
    "boa noite pessoal, alguém on?",
];
const COMMANDS: &[&str] = &["!rank", "!daily", "!play lofi", "?help", "!work", ".top", "!fish", "$roll 2d6"];
const SITES: &[&str] = &[
    "https://www.youtube.com/watch?v=",
    "https://x.com/i/status/",
    "https://tenor.com/view/",
    "https://github.com/issues/",
];
const SPAM: &[&str] = &[
    "FREE NITRO HERE https://dlscord.example/gift",
    "join my server!! discord.example/invite/abc",
    "AAAAAAAAAAAAAAAAAAAA",
    "@everyone free gift, first 100 only",
    "buy cheap boosts dm me now",
    "w w w w w w w w w w",
    "spam spam spam spam",
];

/// Two words for names and titles.
pub(super) fn name(dice: &mut Dice) -> String {
    format!("{} {}", dice.one_of(&WORDS), dice.one_of(&WORDS))
}

pub(super) fn word(dice: &mut Dice) -> &'static str {
    dice.one_of(&WORDS)
}

pub(super) fn emoji(dice: &mut Dice) -> &'static str {
    dice.one_of(EMOJI)
}

pub(super) fn spam(dice: &mut Dice) -> String {
    dice.one_of(SPAM).to_owned()
}

/// A message's text. Half of all have fewer than 35 characters, one in fifty more than 400.
pub(super) fn content(dice: &mut Dice) -> String {
    let words = match dice.below(1_000) {
        0..150 => return dice.one_of(&SHORT).to_owned(),
        150..165 => return dice.one_of(COMMANDS).to_owned(),
        165..200 => return dice.one_of(ELSEWHERE).to_owned(),
        200..550 => dice.between(2, 6),
        550..820 => dice.between(7, 15),
        820..950 => dice.between(16, 40),
        950..990 => dice.between(41, 90),
        _ => dice.between(100, 320),
    };
    let mut text = String::new();
    for index in 0..words {
        if index > 0 {
            text.push(if index % 24 == 23 { '\n' } else { ' ' });
        }
        text.push_str(dice.one_of(&WORDS));
    }
    if dice.often(90) {
        text.push(' ');
        text.push_str(emoji(dice));
    }
    if dice.often(35) {
        text.push_str(&format!(" {}{:08x}", dice.one_of(SITES), dice.next() >> 32));
    }
    if dice.often(120) {
        text.push(dice.one_of(&['?', '!', '.', '…']));
    }
    text.truncate(text.char_indices().nth(2_000).map_or(text.len(), |(at, _)| at));
    text
}
