// Purpose: Discord's side of an interaction by hand: bodies, signatures and raw requests, right ones and broken ones.

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import http from "node:http";

/** First second of 2015 (Discord reference, "Snowflakes"). */
const EPOCH_MS = 1_420_070_400_000n;
let serial = 0n;

/** An id that Discord would give out at that time; each one differs. */
export function snowflake(at = Date.now()) {
  serial = (serial + 1n) % 4_000n;
  // Machine 31 is not one of the stand-in's, so ids never meet.
  return (((BigInt(Math.floor(at)) - EPOCH_MS) << 22n) | (31n << 17n) | serial).toString();
}

function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function keyFromSeed(seed) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

/** The stand-in derives its key from its seed, so a test can sign what the stand-in never would. */
export function standInKey(publicKey, seed = 1) {
  const hash = createHash("sha256");
  for (const part of [Buffer.from("signing key"), u64(seed)]) hash.update(u64(part.length)).update(part);
  const key = keyFromSeed(hash.digest());
  const derived = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
  if (derived !== publicKey) throw new Error("the stand-in's key is no longer derived from its seed as this test knows it");
  return key;
}

export const foreignKey = keyFromSeed(Buffer.alloc(32, 7));

/** The two signature headers for these bytes. */
export function signed(key, body, timestamp = String(Math.floor(Date.now() / 1_000))) {
  const message = Buffer.concat([Buffer.from(timestamp), Buffer.from(body)]);
  return { "x-signature-ed25519": sign(null, message, key).toString("hex"), "x-signature-timestamp": timestamp };
}

/** One request on a connection of its own. Gives `{ status, text, headers, ms }` even when the answer comes before the body is sent. */
export function send(url, { method = "POST", headers = {}, body, chunks, seconds = 10 }) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const request = http.request(url, { method, agent: false, headers: { "content-type": "application/json", ...length, ...headers } });
    let answered = false;
    const timer = setTimeout(() => {
      request.destroy();
      reject(new Error(`no answer within ${seconds} s`));
    }, seconds * 1_000);
    request.on("response", (response) => {
      answered = true;
      let text = "";
      const ms = performance.now() - started;
      const done = () => {
        clearTimeout(timer);
        request.destroy();
        resolve({ status: response.statusCode, text, headers: response.headers, ms });
      };
      response.setEncoding("utf8").on("data", (piece) => (text += piece)).on("end", done).on("error", done);
    });
    // Whoever refuses a long body hangs up while it is still being sent.
    request.on("error", (error) => {
      if (answered) return;
      clearTimeout(timer);
      reject(error);
    });
    if (chunks === undefined) return request.end(body);
    const more = () => {
      if (answered || request.destroyed) return;
      request.write(chunks);
      // Slow enough to read the answer between two writes: a reset connection loses it.
      setTimeout(more, 5);
    };
    more();
  });
}

/** A slash command or a press as Discord sends it: `who` is `{ user, guild, channel, roles, permissions }`. */
export function interaction(applicationId, who, { type = 2, data, message, id = snowflake() }) {
  const user = { id: who.user, username: "someone", discriminator: "0", global_name: "Someone", avatar: null };
  return {
    id,
    application_id: applicationId,
    type,
    version: 1,
    token: `token-${id}`,
    guild_id: who.guild,
    channel_id: who.channel,
    channel: { id: who.channel, type: 0, guild_id: who.guild, name: "giveaways" },
    member: {
      user,
      roles: who.roles ?? [],
      permissions: who.permissions ?? "2147483647",
      joined_at: "2024-01-01T00:00:00.000000+00:00",
      deaf: false,
      mute: false,
      flags: 0,
    },
    locale: "en-US",
    app_permissions: "2147483647",
    entitlements: [],
    ...(message ? { message: { id: message, channel_id: who.channel } } : {}),
    data,
  };
}
