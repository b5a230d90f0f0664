//! Purpose: a twilight loop that does nothing but count messages.

use serde_json::{Value, json};
use std::error::Error;
use twilight_gateway::{ConfigBuilder, EventTypeFlags, Intents, Message, Shard, ShardId};

pub fn run(url: &str, messages: &str, parses: bool) -> Result<Value, Box<dyn Error>> {
    let wanted: u64 = messages.parse()?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let counted = runtime.block_on(count(url, wanted, parses))?;
    Ok(json!({ "counted": counted }))
}

async fn count(url: &str, wanted: u64, parses: bool) -> Result<u64, Box<dyn Error>> {
    let intents = Intents::GUILDS
        | Intents::GUILD_MEMBERS
        | Intents::GUILD_MESSAGES
        | Intents::GUILD_VOICE_STATES
        | Intents::MESSAGE_CONTENT;
    let token = std::env::var("DISCORD_TOKEN")?;
    let config = ConfigBuilder::new(token, intents).proxy_url(url.to_owned()).build();
    let mut shard = Shard::with_config(ShardId::ONE, config);
    let mut counted = 0;
    while counted < wanted {
        if parses {
            let event = twilight_gateway::StreamExt::next_event(&mut shard, EventTypeFlags::all()).await;
            if matches!(event, Some(Ok(twilight_gateway::Event::MessageCreate(_)))) {
                counted += 1;
            }
            continue;
        }
        // The name of a dispatch stands near the start or near the end, depending on who wrote it.
        if let Some(Ok(Message::Text(text))) = futures_util::StreamExt::next(&mut shard).await
            && is_message(&text)
        {
            counted += 1;
        }
    }
    Ok(counted)
}

fn is_message(text: &str) -> bool {
    let head = text.get(..80).unwrap_or(text);
    head.contains("\"t\":\"MESSAGE_CREATE\"")
}
