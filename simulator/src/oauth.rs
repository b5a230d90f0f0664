//! Purpose: OAuth2: codes, access tokens and refresh tokens that people granted.

use serde::{Deserialize, Serialize};

use crate::ids::Id;

/// What a person granted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub user: Id,
    pub scopes: Vec<String>,
    pub access_token: String,
    pub refresh_token: String,
    pub expires_ms: u64,
}

/// All grants and codes not yet used.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    pub grants: Vec<Grant>,
}

impl Grants {
    /// The grant of an access token that has not expired.
    pub(crate) fn by_access_token(&self, token: &str, now_ms: u64) -> Option<&Grant> {
        self.grants
            .iter()
            .find(|grant| grant.access_token == token && now_ms < grant.expires_ms)
    }
}
