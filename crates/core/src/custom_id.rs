//! Purpose: what a button, select or modal carries: `1:feature:action:arg:arg`, at most 100 characters.
//!
//! A custom id is visible to and can be forged by any client: it says what was meant, never who may. Handlers
//! look everything up under the guild of the verified interaction.

use std::fmt;

/// Discord refuses longer custom ids.
pub const MAX_CHARS: usize = 100;
/// Raised when the layout changes, so that buttons on old messages are recognised instead of misread.
const VERSION: &str = "1";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomId {
    pub feature: String,
    pub action: String,
    pub args: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CustomIdError {
    #[error("longer than 100 characters")]
    TooLong,
    #[error("not one of this version's custom ids")]
    Unknown,
    #[error("a part may hold only letters, digits, '-', '_' and '.'")]
    BadPart,
}

fn is_part(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

impl CustomId {
    pub fn new(feature: &str, action: &str) -> Self {
        Self { feature: feature.to_owned(), action: action.to_owned(), args: Vec::new() }
    }

    pub fn arg(mut self, arg: impl fmt::Display) -> Self {
        self.args.push(arg.to_string());
        self
    }

    /// The argument at `index`, or "" when a forged id left it out.
    pub fn get(&self, index: usize) -> &str {
        self.args.get(index).map_or("", String::as_str)
    }

    /// # Errors
    /// `BadPart` for a part with other characters, or an empty feature or action; `TooLong` above 100 characters.
    pub fn encode(&self) -> Result<String, CustomIdError> {
        let parts = [&self.feature, &self.action].into_iter().chain(&self.args);
        if !parts.clone().all(|part| is_part(part)) || self.feature.is_empty() || self.action.is_empty() {
            return Err(CustomIdError::BadPart);
        }
        let mut text = VERSION.to_owned();
        for part in parts {
            text.push(':');
            text.push_str(part);
        }
        if text.len() > MAX_CHARS {
            return Err(CustomIdError::TooLong);
        }
        Ok(text)
    }

    /// # Errors
    /// Anything that `encode` could not have written.
    pub fn decode(text: &str) -> Result<Self, CustomIdError> {
        if text.len() > MAX_CHARS {
            return Err(CustomIdError::TooLong);
        }
        let mut parts = text.split(':');
        if parts.next() != Some(VERSION) {
            return Err(CustomIdError::Unknown);
        }
        let (Some(feature), Some(action)) = (parts.next(), parts.next()) else {
            return Err(CustomIdError::Unknown);
        };
        let args: Vec<String> = parts.map(str::to_owned).collect();
        let valid = is_part(feature) && is_part(action) && args.iter().all(|arg| is_part(arg));
        if !valid || feature.is_empty() || action.is_empty() {
            return Err(CustomIdError::BadPart);
        }
        Ok(Self { feature: feature.to_owned(), action: action.to_owned(), args })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(
            feature in "[a-z_]{1,12}", action in "[a-z_]{1,12}",
            args in prop::collection::vec("[A-Za-z0-9_.-]{0,12}", 0..4),
        ) {
            let id = CustomId { feature, action, args };
            let text = id.encode().unwrap();
            prop_assert!(text.chars().count() <= MAX_CHARS);
            prop_assert_eq!(CustomId::decode(&text).unwrap(), id);
        }

        #[test]
        fn any_text_is_decoded_or_refused_without_panic(text in "\\PC{0,130}") {
            if let Ok(id) = CustomId::decode(&text) {
                prop_assert_eq!(id.encode().unwrap(), text);
            }
        }
    }

    #[test]
    fn a_hundred_characters_fit_and_one_more_does_not() {
        let fits = CustomId::new("f", "a").arg("x".repeat(MAX_CHARS - "1:f:a:".len()));
        assert_eq!(fits.encode().map(|text| text.len()), Ok(MAX_CHARS));
        let longer = CustomId::new("f", "a").arg("x".repeat(MAX_CHARS - "1:f:a:".len() + 1));
        assert_eq!(longer.encode(), Err(CustomIdError::TooLong));
        assert_eq!(CustomId::decode(&"1".repeat(101)), Err(CustomIdError::TooLong));
    }
}
