//! Purpose: the `Log` port: one JSON object per line on the console, where Workers Logs index it.

use muster_core::ports::{Level, Log};
use serde_json::{Value, json};

pub struct ConsoleLog;

impl Log for ConsoleLog {
    fn write(&self, level: Level, message: &str, fields: Value) {
        let mut line = json!({ "message": message });
        if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        match level {
            Level::Info => worker::console_log!("{line}"),
            Level::Warn => worker::console_warn!("{line}"),
            Level::Error => worker::console_error!("{line}"),
        }
    }
}
