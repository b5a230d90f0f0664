//! Purpose: where the platform calls in: fetch, queue, cron and the Durable Object classes, and nothing else.

// Text from outside is cut at characters: a byte in the middle of one would panic.
#![cfg_attr(not(test), deny(clippy::string_slice))]

mod env;
mod gateway;
mod http;
mod interactions;
mod leaderboard_do;
mod links;
mod ports;
mod queue_consumer;
mod scheduled_cron;
mod timers_do;

use worker::{Context, Env, MessageBatch, Request, Response, Result, ScheduleContext, ScheduledEvent, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    http::route(request, env, context).await
}

#[event(queue)]
async fn queue(batch: MessageBatch<muster_core::Job>, env: Env, _context: Context) -> Result<()> {
    queue_consumer::consume(batch, &env).await
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    scheduled_cron::tick(&env).await;
}
