//! Purpose: the playground page and the page of published posts, built into the program.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// Files of the page: name, media type, bytes.
macro_rules! files {
    ($($name:literal as $kind:literal),+ $(,)?) => {
        &[$(($name, $kind, include_bytes!(concat!("../../playground/", $name)).as_slice())),+]
    };
}

const FILES: &[(&str, &str, &[u8])] = files![
    "index.html" as "text/html; charset=utf-8",
    "style.css" as "text/css; charset=utf-8",
    "icons.svg" as "image/svg+xml",
    "api.js" as "text/javascript; charset=utf-8",
    "app.js" as "text/javascript; charset=utf-8",
    "clock.js" as "text/javascript; charset=utf-8",
    "components.js" as "text/javascript; charset=utf-8",
    "composer.js" as "text/javascript; charset=utf-8",
    "guide.js" as "text/javascript; charset=utf-8",
    "markdown.js" as "text/javascript; charset=utf-8",
    "messages.js" as "text/javascript; charset=utf-8",
    "modal.js" as "text/javascript; charset=utf-8",
    "panels.js" as "text/javascript; charset=utf-8",
    "social.css" as "text/css; charset=utf-8",
    "social.html" as "text/html; charset=utf-8",
    "social.js" as "text/javascript; charset=utf-8",
    "state.js" as "text/javascript; charset=utf-8",
];

pub(super) async fn index() -> Response {
    serve("index.html")
}

/// What was published on the platforms.
pub(super) async fn social() -> Response {
    serve("social.html")
}

pub(super) async fn file(Path(name): Path<String>) -> Response {
    serve(&name)
}

fn serve(name: &str) -> Response {
    let Some((_, kind, bytes)) = FILES.iter().find(|(known, _, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Page and simulator always belong together: a stale script must never talk to a newer server.
    ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "no-store")], *bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::FILES;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/playground");
        let entries = std::fs::read_dir(folder).expect("the folder is part of the source");
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let served = FILES.iter().any(|(known, _, _)| *known == name);
            assert!(served || name.ends_with(".md"), "{name} is missing from FILES");
        }
    }
}
