//! Purpose: what Muster says: one message type for answers, channel posts and edits, kept inside Discord's limits.
//!
//! Every message carries `allowed_mentions` with an empty `parse`; pings are opted in by id, one by one.

pub mod cards;

use crate::{
    custom_id::CustomId,
    discord::File,
    text::{limits, shorten},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{borrow::Cow, rc::Rc};
use twilight_model::{
    channel::message::{
        AllowedMentions, Component, Embed, EmojiReactionType,
        component::{ActionRow, Button, ButtonStyle, Label, TextInput, TextInputStyle},
        embed::EmbedFooter,
    },
    id::{
        Id,
        marker::{RoleMarker, UserMarker},
    },
};
use twilight_util::builder::embed::{EmbedBuilder, ImageSource};

/// Discord's message flag for "only you can see this".
const EPHEMERAL: u64 = 64;

/// Muster's colour where a guild chose none.
pub const DEFAULT_COLOR: u32 = 0x00D9_8E04;

#[derive(Debug, Clone, Default)]
pub struct Message {
    pub content: String,
    pub embeds: Vec<Embed>,
    pub components: Vec<Component>,
    pub mentions: AllowedMentions,
    pub files: Vec<File>,
}

/// The answer to an interaction.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Only the person sees it.
    Private(Message),
    /// Everybody in the channel sees it.
    Public(Message),
    /// Changes the message whose button was pressed.
    Update(Message),
    Modal(Modal),
    /// Private, and the same for everybody.
    Fixed(Rc<Fixed>),
}

/// A private answer that is written as JSON once, where it stays the same as long as this build runs.
#[derive(Debug)]
pub struct Fixed {
    message: Message,
    text: String,
}

impl From<Message> for Fixed {
    fn from(message: Message) -> Self {
        Self { text: private_text(&message), message }
    }
}

#[derive(Debug, Clone)]
pub struct Modal {
    pub id: CustomId,
    pub title: String,
    pub components: Vec<Component>,
}

impl Reply {
    pub fn private(content: impl Into<String>) -> Self {
        Self::Private(Message::text(content))
    }

    /// What it says, for an answer that comes later; `None` for a form, which cannot.
    pub fn into_message(self) -> Option<Message> {
        match self {
            Self::Private(message) | Self::Public(message) | Self::Update(message) => Some(message),
            Self::Fixed(fixed) => Some(fixed.message.clone()),
            Self::Modal(_) => None,
        }
    }
}

impl Message {
    pub fn text(content: impl Into<String>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    pub fn embed(mut self, embed: Embed) -> Self {
        self.embeds.push(embed);
        self
    }

    pub fn row(mut self, components: Vec<Component>) -> Self {
        if !components.is_empty() {
            let row = ActionRow { id: None, components };
            self.components.push(Component::ActionRow(row));
        }
        self
    }

    pub fn file(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }

    /// Lets these people be pinged (Discord takes at most 100).
    pub fn ping_users(mut self, users: impl IntoIterator<Item = Id<UserMarker>>) -> Self {
        self.mentions.users.extend(users);
        self.mentions.users.truncate(100);
        self
    }

    pub fn ping_role(mut self, role: Id<RoleMarker>) -> Self {
        self.mentions.roles.push(role);
        self
    }

    /// The body of Create Message.
    pub fn create_body(&self) -> Value {
        json!(Body::create(&self.fitted(), None))
    }

    /// The body of Edit Message: what is empty here is emptied there.
    pub fn edit_body(&self) -> Value {
        json!(Body::edit(&self.fitted()))
    }

    fn is_fitting(&self) -> bool {
        let mut total = 0;
        let mut within = |text: &str, limit: usize| {
            let size = text.chars().count();
            total += size;
            size <= limit
        };
        let fits = self.embeds.len() <= limits::EMBEDS
            && self.embeds.iter().all(|embed| {
                within(embed.title.as_deref().unwrap_or(""), limits::EMBED_TITLE)
                    && within(embed.description.as_deref().unwrap_or(""), limits::EMBED_DESCRIPTION)
                    && within(embed.footer.as_ref().map_or("", |footer| &footer.text), limits::EMBED_FOOTER)
                    && within(embed.author.as_ref().map_or("", |author| &author.name), limits::EMBED_AUTHOR)
                    && embed.fields.len() <= limits::EMBED_FIELDS
                    && embed.fields.iter().all(|field| {
                        let some = !field.name.is_empty() && !field.value.is_empty();
                        some && within(&field.name, limits::EMBED_FIELD_NAME)
                            && within(&field.value, limits::EMBED_FIELD_VALUE)
                    })
            });
        fits && total <= limits::EMBED_TOTAL
            && self.content.chars().count() <= limits::CONTENT
            && cards::is_fitting(&self.components)
    }

    /// The same message inside Discord's limits, cut on grapheme boundaries.
    fn fitted(&self) -> Cow<'_, Self> {
        if self.is_fitting() {
            return Cow::Borrowed(self);
        }
        let mut fitted = self.clone();
        fitted.content = shorten(&fitted.content, limits::CONTENT);
        fitted.embeds.truncate(limits::EMBEDS);
        let mut left = limits::EMBED_TOTAL;
        for embed in &mut fitted.embeds {
            fit_embed(embed, &mut left);
        }
        cards::fit(&mut fitted.components);
        Cow::Owned(fitted)
    }
}

/// A message as Discord takes it. A field that is `None` is left out.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embeds: Option<&'a [Embed]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<&'a [Component]>,
    allowed_mentions: &'a AllowedMentions,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<AttachmentName<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<u64>,
}

#[derive(Serialize)]
struct AttachmentName<'a> {
    id: String,
    filename: &'a str,
}

impl<'a> Body<'a> {
    fn edit(message: &'a Message) -> Self {
        let named = message.files.iter().enumerate();
        let attachments: Vec<_> =
            named.map(|(index, file)| AttachmentName { id: index.to_string(), filename: &file.name }).collect();
        let is_card = cards::are_cards(&message.components);
        Self {
            content: (!is_card).then_some(&message.content),
            embeds: (!is_card).then_some(&message.embeds),
            components: Some(&message.components),
            allowed_mentions: &message.mentions,
            attachments: (!attachments.is_empty()).then_some(attachments),
            flags: is_card.then_some(cards::IS_COMPONENTS_V2),
        }
    }

    fn create(message: &'a Message, flags: Option<u64>) -> Self {
        let all = Self::edit(message);
        Self {
            content: all.content.filter(|content| !content.is_empty()),
            embeds: all.embeds.filter(|embeds| !embeds.is_empty()),
            components: all.components.filter(|components| !components.is_empty()),
            flags: match (flags, all.flags) {
                (None, None) => None,
                (own, card) => Some(own.unwrap_or(0) | card.unwrap_or(0)),
            },
            ..all
        }
    }
}

/// The callback that Discord takes as the HTTP answer.
#[derive(Serialize)]
struct Callback<T> {
    #[serde(rename = "type")]
    kind: u8,
    data: T,
}

fn callback(kind: u8, data: impl Serialize) -> String {
    // These types hold strings, numbers and lists only, so they always become JSON.
    serde_json::to_string(&Callback { kind, data }).unwrap_or_default()
}

fn fit_text(text: &mut String, limit: usize, left: &mut usize) {
    *text = shorten(text, limit.min(*left));
    *left -= text.chars().count();
}

fn fit_embed(embed: &mut Embed, left: &mut usize) {
    if let Some(title) = &mut embed.title {
        fit_text(title, limits::EMBED_TITLE, left);
    }
    // The footer holds what people need to check a draw: it is fitted before the longer parts.
    if let Some(footer) = &mut embed.footer {
        fit_text(&mut footer.text, limits::EMBED_FOOTER, left);
    }
    if let Some(author) = &mut embed.author {
        fit_text(&mut author.name, limits::EMBED_AUTHOR, left);
    }
    if let Some(description) = &mut embed.description {
        fit_text(description, limits::EMBED_DESCRIPTION, left);
    }
    embed.fields.truncate(limits::EMBED_FIELDS);
    for field in &mut embed.fields {
        fit_text(&mut field.name, limits::EMBED_FIELD_NAME, left);
        fit_text(&mut field.value, limits::EMBED_FIELD_VALUE, left);
    }
    // Discord refuses empty fields; one that no longer fits is left out.
    embed.fields.retain(|field| !field.name.is_empty() && !field.value.is_empty());
}

/// An embed with a title and text in Muster's colour.
pub fn embed(title: impl Into<String>, description: impl Into<String>, color: u32) -> Embed {
    let builder = EmbedBuilder::new().color(color).title(title);
    let description = description.into();
    if description.is_empty() { builder.build() } else { builder.description(description).build() }
}

/// A picture under the text; an address that is no web address is left out.
pub fn image(embed: &mut Embed, url: &str) {
    if let Ok(source) = ImageSource::url(url) {
        embed.image = EmbedBuilder::new().image(source).build().image;
    }
}

pub fn field(embed: &mut Embed, name: impl Into<String>, value: impl Into<String>, inline: bool) {
    embed.fields.push(twilight_model::channel::message::embed::EmbedField {
        inline,
        name: name.into(),
        value: value.into(),
    });
}

pub fn footer(embed: &mut Embed, text: impl Into<String>) {
    embed.footer = Some(EmbedFooter { icon_url: None, proxy_icon_url: None, text: text.into() });
}

/// A button; `id` is one of our own short ids, and one that cannot be encoded yields a disabled button.
pub fn button(id: &CustomId, label: &str, style: ButtonStyle, emoji: Option<&str>) -> Component {
    let encoded = id.encode();
    Component::Button(Button {
        disabled: encoded.is_err(),
        custom_id: Some(encoded.unwrap_or_else(|_| "1:none:none".to_owned())),
        emoji: emoji.map(|name| EmojiReactionType::Unicode { name: name.to_owned() }),
        id: None,
        label: Some(shorten(label, limits::BUTTON_LABEL)),
        sku_id: None,
        style,
        url: None,
    })
}

/// A button that opens an address.
pub fn link_button(url: &str, label: &str) -> Component {
    Component::Button(Button {
        disabled: false,
        custom_id: None,
        emoji: None,
        id: None,
        label: Some(shorten(label, limits::BUTTON_LABEL)),
        sku_id: None,
        style: ButtonStyle::Link,
        url: Some(url.to_owned()),
    })
}

pub fn disabled(mut component: Component) -> Component {
    if let Component::Button(button) = &mut component {
        button.disabled = true;
    }
    component
}

/// A labelled text input of a modal.
pub struct Input<'a> {
    pub id: &'a str,
    pub label: &'a str,
    pub hint: &'a str,
    pub placeholder: &'a str,
    pub value: &'a str,
    pub paragraph: bool,
    pub required: bool,
    pub max: u16,
}

#[expect(deprecated, reason = "TextInput's old label field must be named to build the struct; Label carries the text")]
pub fn text_input(input: &Input<'_>) -> Component {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let style = if input.paragraph { TextInputStyle::Paragraph } else { TextInputStyle::Short };
    let component = Component::TextInput(TextInput {
        custom_id: input.id.to_owned(),
        id: None,
        label: None,
        max_length: Some(input.max),
        min_length: None,
        placeholder: some(input.placeholder),
        required: Some(input.required),
        style,
        value: some(input.value),
    });
    label(input.label, input.hint, component)
}

/// Any modal component with the words above and below it.
pub fn label(label: &str, hint: &str, component: Component) -> Component {
    Component::Label(Label {
        id: None,
        label: shorten(label, 45),
        description: (!hint.is_empty()).then(|| shorten(hint, 100)),
        component: Box::new(component),
    })
}

fn private_text(message: &Message) -> String {
    callback(4, Body::create(&message.fitted(), Some(EPHEMERAL)))
}

/// The JSON of the answer, straight from the message: this is what every command ends in.
pub fn response_text(reply: &Reply) -> String {
    match reply {
        Reply::Private(message) => private_text(message),
        Reply::Fixed(fixed) => fixed.text.clone(),
        Reply::Public(message) => callback(4, Body::create(&message.fitted(), None)),
        Reply::Update(message) => callback(7, Body::edit(&message.fitted())),
        Reply::Modal(modal) => {
            let data = json!({
                "custom_id": modal.id.encode().unwrap_or_default(),
                "title": shorten(&modal.title, limits::MODAL_TITLE),
                "components": modal.components,
            });
            callback(9, data)
        }
    }
}

/// "Thinking", to be replaced by `edit_original`.
pub fn deferred_json(private: bool) -> Value {
    if private { json!({ "type": 5, "data": { "flags": EPHEMERAL } }) } else { json!({ "type": 5 }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(embeds: &[Embed]) -> usize {
        let size = |text: &str| text.chars().count();
        embeds
            .iter()
            .map(|e| {
                size(e.title.as_deref().unwrap_or(""))
                    + size(e.description.as_deref().unwrap_or(""))
                    + e.footer.as_ref().map_or(0, |f| size(&f.text))
                    + e.fields.iter().map(|f| size(&f.name) + size(&f.value)).sum::<usize>()
            })
            .sum()
    }

    proptest! {
        #[test]
        fn any_text_ends_inside_discords_limits(content in "\\PC{0,2500}", long in "\\PC{0,5000}", n in 0usize..12) {
            let mut one = embed(long.clone(), long.clone(), 0);
            footer(&mut one, long.clone());
            for _ in 0..30 {
                field(&mut one, long.clone(), long.clone(), false);
            }
            let message = Message { content, embeds: vec![one; n], ..Message::default() };
            let message = message.fitted();
            prop_assert!(message.content.chars().count() <= limits::CONTENT);
            prop_assert!(message.embeds.len() <= limits::EMBEDS);
            prop_assert!(total(&message.embeds) <= limits::EMBED_TOTAL);
        }
    }

    #[test]
    fn nothing_pings_unless_opted_in() {
        let body = Message::text("@everyone <@&1> <@2>").create_body();
        assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
        let edit = Message::text("@everyone").edit_body();
        assert_eq!(edit["allowed_mentions"], json!({ "parse": [] }));
        let opted = Message::text("<@2>").ping_users([Id::new(2)]).create_body();
        assert_eq!(opted["allowed_mentions"], json!({ "parse": [], "users": ["2"] }));
    }
}
