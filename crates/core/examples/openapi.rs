//! Purpose: prints the description of the JSON API: `cargo run -p muster-core --example openapi > assets/openapi.json`.

fn main() -> Result<(), serde_json::Error> {
    serde_json::to_writer_pretty(std::io::stdout(), &muster_core::web::description::document())
}
