//! Purpose: cards of Components V2: containers, texts and pictures instead of content and embeds.
//!
//! A message with one of these is sent under Discord's flag for it, and holds nothing else than components.

use super::{Message, button};
use crate::{
    custom_id::CustomId,
    text::{limits, shorten},
};
use twilight_model::channel::message::{
    Component,
    component::{
        ActionRow, ButtonStyle, Container, Section, SelectMenu, SelectMenuOption, SelectMenuType, Separator,
        SeparatorSpacingSize, TextDisplay, Thumbnail, UnfurledMediaItem,
    },
};

/// Discord's message flag for components instead of content.
pub const IS_COMPONENTS_V2: u64 = 1 << 15;
/// Characters of all text displays of a message together.
const TEXT_TOTAL: usize = 4_000;

pub fn text(content: impl Into<String>) -> Component {
    Component::TextDisplay(TextDisplay { id: None, content: content.into() })
}

/// A line between parts.
pub fn separator() -> Component {
    Component::Separator(Separator { id: None, divider: Some(true), spacing: Some(SeparatorSpacingSize::Small) })
}

/// Up to three texts beside a picture, which `about` describes for those who cannot see it.
pub fn section(texts: Vec<String>, picture: String, about: &str) -> Component {
    let media = UnfurledMediaItem { url: picture, content_type: None, height: None, proxy_url: None, width: None };
    let thumbnail =
        Thumbnail { id: None, media, description: Some(Some(shorten(about, limits::EMBED_TITLE))), spoiler: None };
    Component::Section(Section {
        id: None,
        accessory: Box::new(Component::Thumbnail(thumbnail)),
        components: texts.into_iter().map(text).collect(),
    })
}

/// A framed card with a strip of `color`.
pub fn container(color: u32, components: Vec<Component>) -> Component {
    Component::Container(Container { id: None, accent_color: Some(Some(color)), components, spoiler: None })
}

/// One of several to choose: (value, label, whether it is the present one).
pub fn select(id: &CustomId, options: &[(String, String, bool)]) -> Component {
    select_asking(id, "", options)
}

/// The same with a question that stands there while nothing is chosen; none if it is empty.
pub fn select_asking(id: &CustomId, asks: &str, options: &[(String, String, bool)]) -> Component {
    let options = options.iter().take(limits::CHOICES).map(|(value, label, is_chosen)| SelectMenuOption {
        default: *is_chosen,
        description: None,
        emoji: None,
        label: shorten(label, limits::CHOICE_NAME),
        value: value.clone(),
    });
    let encoded = id.encode();
    let menu = SelectMenu {
        channel_types: None,
        disabled: encoded.is_err(),
        custom_id: encoded.unwrap_or_else(|_| "1:none:none".to_owned()),
        default_values: None,
        id: None,
        kind: SelectMenuType::Text,
        max_values: None,
        min_values: None,
        options: Some(options.collect()),
        placeholder: (!asks.is_empty()).then(|| asks.to_owned()),
        required: None,
    };
    row(vec![Component::SelectMenu(menu)])
}

pub fn row(components: Vec<Component>) -> Component {
    Component::ActionRow(ActionRow { id: None, components })
}

/// A button of a list, which cannot be pressed where it leads nowhere.
pub fn step(id: &CustomId, label: &str, emoji: &str, leads: bool) -> Component {
    let button = button(id, label, ButtonStyle::Secondary, Some(emoji));
    if leads { button } else { super::disabled(button) }
}

/// A message of these components.
pub fn message(components: Vec<Component>) -> Message {
    Message { components, ..Message::default() }
}

fn is_card(component: &Component) -> bool {
    matches!(
        component,
        Component::Container(_) | Component::TextDisplay(_) | Component::Section(_) | Component::Separator(_)
    )
}

pub(super) fn are_cards(components: &[Component]) -> bool {
    components.iter().any(is_card)
}

fn texts<'a>(components: &'a mut [Component], found: &mut Vec<&'a mut String>) {
    for component in components {
        match component {
            Component::TextDisplay(display) => found.push(&mut display.content),
            Component::Section(section) => texts(&mut section.components, found),
            Component::Container(container) => texts(&mut container.components, found),
            _ => {}
        }
    }
}

fn size(components: &[Component]) -> usize {
    let of = |component: &Component| match component {
        Component::TextDisplay(display) => display.content.chars().count(),
        Component::Section(section) => size(&section.components),
        Component::Container(container) => size(&container.components),
        _ => 0,
    };
    components.iter().map(of).sum()
}

pub(super) fn is_fitting(components: &[Component]) -> bool {
    size(components) <= TEXT_TOTAL
}

/// Shortens the texts from the first on, so that together they stay inside the limit; none becomes empty while others are long.
pub(super) fn fit(components: &mut [Component]) {
    let mut found = Vec::new();
    texts(components, &mut found);
    let mut left = TEXT_TOTAL.saturating_sub(found.len());
    for text in found {
        *text = shorten(text, left + 1);
        left = (left + 1).saturating_sub(text.chars().count().max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_texts_end_inside_discords_limit(words in prop::collection::vec("\\PC{1,3000}", 1..8)) {
            let count = words.len();
            let mut components = vec![container(0, words.into_iter().map(text).collect())];
            fit(&mut components);
            prop_assert!(size(&components) <= TEXT_TOTAL);
            let mut found = Vec::new();
            texts(&mut components, &mut found);
            prop_assert!(found.len() == count && found.iter().all(|text| !text.is_empty()));
        }
    }

    #[test]
    fn a_card_is_sent_under_its_flag_and_without_content() {
        let body = message(vec![container(7, vec![text("hello")])]).create_body();
        assert_eq!(body["flags"], IS_COMPONENTS_V2);
        assert!(body.get("content").is_none() && body.get("embeds").is_none(), "{body}");
        let edit = message(vec![text("hello")]).edit_body();
        assert_eq!(edit["flags"], IS_COMPONENTS_V2);
        assert!(edit.get("content").is_none() && edit.get("embeds").is_none(), "{edit}");
        assert!(Message::text("plain").edit_body().get("flags").is_none());
    }
}
