//! Purpose: the JSON API's description (OpenAPI 3.1), put together from what each feature says about its routes and types.
//!
//! It is written into `assets/openapi.json` (`cargo run -p muster-core --example openapi`), which a test holds against this.

use crate::registry;
use std::collections::BTreeMap;
use utoipa::{
    IntoResponses, OpenApi, ToSchema,
    openapi::{
        RefOr, Response,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// An id of Discord: a number as text, because JavaScript would lose its last digits.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[1-9][0-9]{0,19}$", example = "900000000000000000")]
pub struct Snowflake(#[expect(dead_code, reason = "a name for the API's description")] String);

/// What went wrong (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "a name for the API's description; `web::problem` writes it")]
pub struct Problem {
    #[schema(rename = "type")]
    r#type: String,
    title: String,
    status: u16,
    /// What to do about it.
    detail: String,
    /// Which values do not fit.
    errors: Option<Vec<ProblemField>>,
    /// What whoever runs Muster looks for in the log.
    error_id: Option<String>,
}

/// One value that does not fit.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a name for the API's description; `web::problem` writes it")]
pub struct ProblemField {
    field: String,
    message: String,
}

/// What the caller names a request by, so that it can be sent again.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[!-~]+$", min_length = 1, max_length = 100)]
pub struct IdempotencyKey(#[expect(dead_code, reason = "a name for the API's description")] String);

/// A time: RFC 3339, in UTC.
#[derive(ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-21T18:00:00Z")]
pub struct Time(#[expect(dead_code, reason = "a name for the API's description")] String);

fn problems(statuses: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let content =
        utoipa::openapi::ContentBuilder::new().schema(Some(utoipa::openapi::Ref::from_schema_name("Problem"))).build();
    let response = |text: &str| {
        utoipa::openapi::ResponseBuilder::new()
            .description(text)
            .content("application/problem+json", content.clone())
            .build()
    };
    statuses.iter().map(|(status, text)| (status.to_string(), RefOr::T(response(text)))).collect()
}

const ALWAYS: [(u16, &str); 5] = [
    (400, "A parameter or the body cannot be read."),
    (401, "The key is not one that holds, or nobody is signed in."),
    (404, "There is no such thing, or none that the caller may know of."),
    (405, "This method does not exist here."),
    (429, "Too many requests; `Retry-After` says how many seconds to wait."),
];
const BROKEN: (u16, &str) = (503, "Something that Muster needs did not answer; try again.");

/// What a route that everybody may ask can answer besides what it is for.
pub struct Public;

impl IntoResponses for Public {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[&ALWAYS[..], &[BROKEN]].concat())
    }
}

/// The same for a route that takes a right.
pub struct Guarded;

impl IntoResponses for Guarded {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[&ALWAYS[..], &[(403, "The caller may not do this."), BROKEN]].concat())
    }
}

/// The same for a route that takes a right and reads values that can be wrong one by one.
pub struct Filtered;

impl IntoResponses for Filtered {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let more = [(403, "The caller may not do this."), (422, "Some values do not fit: see `errors`."), BROKEN];
        problems(&[&ALWAYS[..], &more].concat())
    }
}

/// The same for a route that changes something.
pub struct Changing;

impl IntoResponses for Changing {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let more = [
            (403, "The caller may not do this."),
            (409, "Not possible as things are now, or the first request with this key is still being carried out."),
            (412, "It was changed after the caller looked at it."),
            (413, "The body is longer than four megabytes."),
            (422, "Some values do not fit: see `errors`."),
            (428, "Say which version is meant, by `If-Match`."),
            BROKEN,
        ];
        problems(&[&ALWAYS[..], &more].concat())
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Muster",
        description = "What the dashboard shows and changes, for programs. Send a key as `Authorization: Bearer muster_…`; guilds' \
                       administrators make them on the dashboard. A key is for one guild, so with a key `/api/v1/missions` means \
                       `/api/v1/guilds/{guild}/missions`, and so on. Errors are problem details (RFC 9457). A POST with an \
                       `Idempotency-Key` can be sent again: it is carried out once, and gets the same answer for a day.",
        version = "1",
        license(name = "MIT")
    ),
    components(schemas(Snowflake, Time, IdempotencyKey, Problem, ProblemField))
)]
struct Base;

/// The whole description.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Base::openapi();
    for part in registry::descriptions() {
        document.merge(part);
    }
    let key = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    document.components.get_or_insert_default().add_security_scheme("key", key);
    document
}
