//! Purpose: Discord's and the platforms' side of the server: REST and files, with hanging and cut connections where a fault says so.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State as Extract,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;

use crate::{RestOutcome, RestRequest, RestResponse};

use super::State;

/// How long a hanging request is held before the connection is given up: longer than any client should wait.
const HANG: Duration = Duration::from_secs(120);

pub(super) async fn rest(
    Extract(state): Extract<State>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let named = |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.to_owned()));
    let request = RestRequest {
        method: method.to_string(),
        path_and_query: uri.path_and_query().map_or("", |path| path.as_str()).to_owned(),
        headers: headers.iter().filter_map(named).collect(),
        body: body.to_vec(),
    };
    let of_platform = request.path_and_query.starts_with("/social/");
    let outcome = state.with(|sim| sim.rest(request));
    if of_platform {
        super::social::fetch_pictures(&state);
    }
    match outcome {
        RestOutcome::Answer(response) => {
            tokio::time::sleep(Duration::from_millis(response.delay_ms)).await;
            to_http(response)
        }
        RestOutcome::NoAnswer { reset, .. } => {
            if !reset {
                tokio::time::sleep(HANG).await;
            }
            cut()
        }
    }
}

fn to_http(response: RestResponse) -> Response {
    let mut http = Response::new(Body::from(response.body));
    *http.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            http.headers_mut().insert(name, value);
        }
    }
    http
}

/// A body that breaks off at once makes the server close the connection in the middle of the answer.
fn cut() -> Response {
    let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut by a fault")) });
    Response::new(Body::from_stream(broken))
}

pub(super) async fn file(Extract(state): Extract<State>, uri: Uri) -> Result<Response, Infallible> {
    // The query counts, and escapes stay as they were stored.
    let path = uri.path_and_query().map_or("", |path| path.as_str()).strip_prefix("/cdn").unwrap_or("");
    let found = state.with(|sim| sim.file(path));
    Ok(match found {
        // Uploaded by the bot, so it is shown as a file and never runs as a page of this server.
        Some((kind, bytes)) => {
            let safe = if kind.starts_with("image/") && kind != "image/svg+xml" {
                kind
            } else {
                "application/octet-stream".into()
            };
            let headers = [
                (header::CONTENT_TYPE, safe),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
                // A changed picture has another address.
                (header::CACHE_CONTROL, "public, max-age=31536000".into()),
            ];
            (headers, bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    })
}
