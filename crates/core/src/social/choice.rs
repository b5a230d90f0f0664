//! Purpose: what a platform leaves to the member for every post: who sees it, whether they may comment, what it promotes (TikTok's
//! content sharing guidelines).

/// What a post promotes, as its author says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promotion {
    Nothing,
    OwnBrand,
    /// Somebody else's brand, for something in return.
    Paid,
    Both,
}

impl Promotion {
    pub const ALL: [Self; 4] = [Self::Nothing, Self::OwnBrand, Self::Paid, Self::Both];

    /// As it stands in selects and in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::OwnBrand => "own_brand",
            Self::Paid => "paid_partnership",
            Self::Both => "both",
        }
    }

    /// As it stands in a kept choice.
    fn letter(self) -> char {
        match self {
            Self::Nothing => 'n',
            Self::OwnBrand => 'o',
            Self::Paid => 'p',
            Self::Both => 'b',
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "Nothing: no brand and no business",
            Self::OwnBrand => "Your own brand or business",
            Self::Paid => "Somebody else's brand (paid partnership)",
            Self::Both => "Both: your own brand and somebody else's",
        }
    }

    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.key() == key)
    }

    pub fn is_paid(self) -> bool {
        matches!(self, Self::Paid | Self::Both)
    }

    /// What may be said of a post. A paid partnership has to be visible to others than its author; what brings points promotes something,
    /// unless nobody else sees it.
    pub fn offered(is_for_author: bool, brings_points: bool) -> Vec<Self> {
        let may = |one: &Self| match one {
            Self::Nothing => is_for_author || !brings_points,
            Self::OwnBrand => true,
            Self::Paid | Self::Both => !is_for_author,
        };
        Self::ALL.into_iter().filter(may).collect()
    }
}

/// What a member chose, as far as they did. Nothing is chosen for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Who may see it, in the platform's word; empty until it is chosen.
    pub privacy: String,
    pub promotion: Option<Promotion>,
    pub allows_comments: bool,
}

impl Choice {
    /// Out of a custom id or a row. Rows of an older version have the word for who may see it and nothing else.
    pub fn of(kept: &str) -> Self {
        let (privacy, letters) = kept.split_once('.').unwrap_or((kept, ""));
        Self {
            privacy: privacy.to_owned(),
            promotion: Promotion::ALL.into_iter().find(|one| letters.starts_with(one.letter())),
            allows_comments: letters.ends_with('c'),
        }
    }

    /// In one word that a custom id can carry: `PUBLIC_TO_EVERYONE.pc`. Empty while nothing is chosen.
    pub fn kept(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let mut kept = format!("{}.", self.privacy);
        kept.extend(self.promotion.map(Promotion::letter));
        kept.extend(self.allows_comments.then_some('c'));
        kept
    }

    pub fn is_whole(&self) -> bool {
        !self.privacy.is_empty() && self.promotion.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_kept_in_one_word() {
        for privacy in ["", "PUBLIC_TO_EVERYONE", "SELF_ONLY"] {
            for promotion in Promotion::ALL.into_iter().map(Some).chain([None]) {
                for allows_comments in [false, true] {
                    let choice = Choice { privacy: privacy.to_owned(), promotion, allows_comments };
                    assert_eq!(Choice::of(&choice.kept()), choice);
                }
            }
        }
        let widest = Choice {
            privacy: "PUBLIC_TO_EVERYONE".to_owned(),
            promotion: Some(Promotion::Paid),
            allows_comments: true,
        };
        assert_eq!(widest.kept(), "PUBLIC_TO_EVERYONE.pc");
        let older = Choice::of("SELF_ONLY");
        assert_eq!((older.privacy.as_str(), older.promotion, older.is_whole()), ("SELF_ONLY", None, false));
        assert_eq!(Choice::default().kept(), "");
    }
}
