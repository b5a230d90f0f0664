//! Purpose: multipart/form-data bodies: `payload_json` and `files[n]`, with everything already in memory.

use futures_util::{FutureExt, stream};
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::{Map, Value};

use crate::rest::{ApiError, Upload, parse_json};

/// Largest single file: 10 MiB, what an app may upload anywhere (Discord reference, "Uploading Files").
const MAX_FILE: u64 = 10 * 1024 * 1024;
/// Most files with one message (Discord reference, "Create Message").
const MAX_FILES: usize = 10;

/// Reads a whole body. Errors: 50109 for broken JSON, 40005 for a file too large, 400 for a broken body.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Result<(Value, Vec<Upload>), ApiError> {
    // All bytes are here, so the parser never has to wait and one poll finishes it.
    read_parts(content_type, body.to_vec()).now_or_never().unwrap_or_else(|| Err(broken("the body ends early")))
}

async fn read_parts(content_type: &str, body: Vec<u8>) -> Result<(Value, Vec<Upload>), ApiError> {
    let boundary = multer::parse_boundary(content_type).map_err(|error| broken(&error.to_string()))?;
    let chunks = stream::once(async move { Ok::<_, std::convert::Infallible>(body) });
    let limits = Constraints::new().size_limit(SizeLimit::new().per_field(MAX_FILE));
    let mut parts = Multipart::with_constraints(chunks, boundary, limits);
    let (mut payload, mut fields, mut files) = (None, Map::new(), Vec::new());
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error.to_string()))? {
        let name = part.name().unwrap_or_default().to_owned();
        let filename = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map_or("application/octet-stream", |kind| kind.as_ref()).to_owned();
        let bytes = part.bytes().await.map_err(too_large_or_broken)?.to_vec();
        match (name.as_str(), filename) {
            ("payload_json", _) => payload = Some(parse_json(&bytes)?),
            (name, Some(filename)) => files.push(Upload { index: file_number(name), filename, content_type, bytes }),
            (name, None) => {
                fields.insert(name.to_owned(), Value::String(String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    if files.len() > MAX_FILES {
        return Err(ApiError::new(400, 30015, "Maximum number of attachments in a message reached (10)"));
    }
    Ok((payload.unwrap_or(Value::Object(fields)), files))
}

fn file_number(name: &str) -> u64 {
    name.trim_start_matches("files[").trim_start_matches("file").trim_end_matches(']').parse().unwrap_or(0)
}

fn too_large_or_broken(error: multer::Error) -> ApiError {
    match error {
        multer::Error::FieldSizeExceeded { .. } => ApiError::new(413, 40005, "Request entity too large"),
        other => broken(&other.to_string()),
    }
}

fn broken(detail: &str) -> ApiError {
    ApiError::new(400, 50035, format!("Invalid multipart body: {detail}"))
}
