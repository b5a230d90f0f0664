//! Purpose: checking REST bodies against Discord's own OpenAPI description, both ways.
//!
//! The description is not part of this project; it is looked for at `DISCORD_OPENAPI` or beside the project. Without it
//! nothing is checked, and whoever asks is told so.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

/// Where the description stands when `DISCORD_OPENAPI` says nothing, seen from the project's root.
const BESIDE_THE_PROJECT: &str = "../shared/discord-openapi.json";
/// Name under which schemas find the document.
const DOCUMENT_URI: &str = "https://discord.invalid/openapi.json";
/// Violations reported per body: the first ones say what is wrong.
const MAX_REPORTED: usize = 8;

/// Discord's description, with validators made when first needed. Clones share both: reading it takes longer than a story.
#[derive(Clone)]
pub struct OpenApi {
    document: Arc<Value>,
    /// The same document for the schema compiler, shared by all validators; nothing when it is no resource.
    registry: Option<Arc<Registry>>,
    validators: Arc<Mutex<BTreeMap<String, Option<Arc<Validator>>>>>,
}

impl OpenApi {
    /// Takes the parsed document.
    pub fn new(document: Value) -> Self {
        let resource = Draft::Draft202012.create_resource(document.clone());
        let registry = Registry::try_new(DOCUMENT_URI, resource).ok();
        Self { document: Arc::new(document), registry: registry.map(Arc::new), validators: Arc::default() }
    }

    /// Reads a file. Errors say in a sentence why it cannot be used.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let document: Value = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        if !document["paths"].is_object() {
            return Err(format!("{} has no paths", path.display()));
        }
        Ok(Self::new(document))
    }

    /// Looks for the description at `DISCORD_OPENAPI`, then beside the project. Errors say that it is absent.
    pub fn find() -> Result<Self, String> {
        if let Some(path) = std::env::var_os("DISCORD_OPENAPI") {
            return Self::read(Path::new(&path));
        }
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        Self::read(&root.join(BESIDE_THE_PROJECT))
    }

    /// What a request body breaks. Nothing for operations the description does not have.
    pub(crate) fn request_violations(&self, method: &str, template: &str, body: &Value) -> Vec<String> {
        let pointer = format!("{}/requestBody/content/application~1json/schema", operation(method, template));
        self.violations(&pointer, &coerced(body), "request")
    }

    /// What an answer breaks. Only successful ones are described closely enough to say.
    pub(crate) fn response_violations(&self, method: &str, template: &str, status: u16, body: &Value) -> Vec<String> {
        if status >= 400 {
            return Vec::new();
        }
        let described = self.document.pointer(&format!("{}/responses/{status}", operation(method, template)));
        let Some(described) = described else {
            return match self.document.pointer(&operation(method, template)) {
                Some(_) => vec![format!("response: the status {status} is not described")],
                None => Vec::new(),
            };
        };
        if described["content"].is_null() {
            return Vec::new();
        }
        let pointer = format!("{}/responses/{status}/content/application~1json/schema", operation(method, template));
        self.violations(&pointer, body, "response")
    }

    fn validator(&self, pointer: &str) -> Option<Arc<Validator>> {
        let mut known = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .entry(pointer.to_owned())
            .or_insert_with(|| compile(self.registry.as_deref(), pointer).map(Arc::new))
            .clone()
    }

    fn violations(&self, pointer: &str, body: &Value, what: &str) -> Vec<String> {
        if self.document.pointer(pointer).is_none() {
            return Vec::new();
        }
        let Some(validator) = self.validator(pointer) else {
            return vec![format!("{what}: the schema at {pointer} cannot be read")];
        };
        let errors = validator.iter_errors(body).take(MAX_REPORTED);
        errors.map(|error| format!("{what}{}: {}", error.instance_path, shortened(&error.to_string()))).collect()
    }
}

/// JSON pointer to an operation.
fn operation(method: &str, template: &str) -> String {
    format!("/paths/{}/{}", template.replace('~', "~0").replace('/', "~1"), method.to_lowercase())
}

fn compile(registry: Option<&Registry>, pointer: &str) -> Option<Validator> {
    // Braces of path templates must be escaped to be a URI.
    let fragment = percent_encoding::utf8_percent_encode(pointer, percent_encoding::NON_ALPHANUMERIC).to_string();
    let fragment = fragment.replace("%2F", "/").replace("%7E", "~");
    let schema = json!({"$ref": format!("{DOCUMENT_URI}#{fragment}")});
    jsonschema::options().with_draft(Draft::Draft202012).with_registry(registry?.clone()).build(&schema).ok()
}

/// Discord describes permission sets as integers in requests, but takes (and documents) decimal strings.
fn coerced(body: &Value) -> Value {
    const PERMISSION_SETS: [&str; 4] = ["default_member_permissions", "permissions", "allow", "deny"];
    match body {
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| {
                let number = value.as_str().and_then(|text| text.parse::<u64>().ok());
                let value = match number {
                    Some(number) if PERMISSION_SETS.contains(&key.as_str()) => json!(number),
                    _ => coerced(value),
                };
                (key.clone(), value)
            });
            Value::Object(entries.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(coerced).collect()),
        other => other.clone(),
    }
}

/// Messages quote the whole offending value; the start is enough.
fn shortened(text: &str) -> String {
    const MAX: usize = 300;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
