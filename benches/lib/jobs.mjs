// Purpose: the jobs given to the load generator, with what each answer must be.

import { COMMAND } from "../peers/command.js";

export const GUILD_ID = 1_100_000_000_000_000_100n.toString();
const PATH = "/interactions";
const TIMEOUT_SECONDS = 120;

const PONG = { status: 200, response_type: 1, contains: null };
const MESSAGE = { status: 200, response_type: 4, contains: null };
const REFUSED = { status: 401, response_type: null, contains: null };

export function ping(requests, concurrency) {
  return job({ kind: "ping" }, requests, concurrency, PONG);
}

export function command(requests, concurrency) {
  return job({ kind: "command", name: COMMAND, guild_id: GUILD_ID }, requests, concurrency, MESSAGE);
}

/** Signatures that do not fit: a side that lets one through is not compared at all. */
export function forged(requests, concurrency) {
  return job({ kind: "forged" }, requests, concurrency, REFUSED);
}

/** Presses of the button `customId`, by one member after the other from `firstUserId` up. */
export function button(customId, firstUserId, requests, concurrency, redeliver = 0) {
  const kind = { kind: "button", custom_id: customId, guild_id: GUILD_ID, message_id: "1100000000000000200", first_user_id: firstUserId };
  return { ...job(kind, requests, concurrency, MESSAGE), redeliver };
}

/**
 * Browsers that open a short link and must be sent on; bodies are empty. `{n}` in the path is their number, from `first` up, or, with `among`,
 * one below it drawn by Zipf's law.
 */
export function visits(path, requests, concurrency, { first = 0, among = 0 } = {}) {
  return { ...job({ kind: "visit", first, among }, requests, concurrency, { status: 302, response_type: null, contains: null }), path };
}

function job(kind, requests, concurrency, expect) {
  return { path: PATH, case: kind, requests, concurrency, timeout_seconds: TIMEOUT_SECONDS, expect };
}
