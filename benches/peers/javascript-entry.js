// Purpose: a giveaway's entry button in a minimal JavaScript Worker: verify, load, check, insert, answer.
//
// It works on Muster's own tables and keeps the promises of Muster's button: who is excluded or lacks a role stays out, a
// second delivery changes nothing, a double click is ignored, a later press leaves. It is written to be fast: the key is
// imported once, and the whole of D1 is one batch, one round trip. It has no timers, texts for every case, or other features.

const DISCORD_EPOCH_MS = 1_420_070_400_000n;
const DAY_MS = 86_400_000;
const DOUBLE_CLICK_MS = 3_000;
const ED25519 = { name: "Ed25519" };
const encoder = new TextEncoder();

let publicKey;

export default {
  async fetch(request, env) {
    const body = await signedBody(request, env);
    if (body === null) return new Response("invalid request signature", { status: 401 });
    const interaction = JSON.parse(body);
    if (interaction.type === 1) return Response.json({ type: 1 });
    const [version, feature, action, giveawayId] = interaction.data.custom_id.split(":");
    if (version !== "1" || feature !== "giveaways" || action !== "enter") return Response.json({ error: "unknown" }, { status: 400 });
    return Response.json({ type: 4, data: { content: await enter(env.DB, interaction, giveawayId), flags: 64, allowed_mentions: { parse: [] } } });
  },
};

/** The raw body if Discord signed it, else null. */
async function signedBody(request, env) {
  const signature = request.headers.get("x-signature-ed25519");
  const timestamp = request.headers.get("x-signature-timestamp");
  if (!signature || !timestamp) return null;
  publicKey ??= await crypto.subtle.importKey("raw", Uint8Array.fromHex(env.DISCORD_PUBLIC_KEY), ED25519, false, ["verify"]);
  const body = await request.text();
  const isSigned = await crypto.subtle.verify(ED25519, publicKey, Uint8Array.fromHex(signature), encoder.encode(timestamp + body));
  return isSigned ? body : null;
}

async function enter(db, interaction, giveawayId) {
  const { guild_id: guild, member, id } = interaction;
  const now = Date.now();
  const [written, read] = await db.batch([
    db.prepare(TOGGLE).bind(giveawayId, guild, member.user.id, id, now, JSON.stringify(member.roles), accountDays(member.user.id, now), DOUBLE_CLICK_MS),
    db.prepare(LOOK).bind(giveawayId, guild, member.user.id),
  ]);
  const row = read.results[0];
  if (!row) return "This giveaway does not exist in this server any more.";
  if (written.meta.changes === 0 && row.last_interaction !== id && row.weight === null) return "You do not meet the requirements, or this giveaway is over.";
  if (row.weight === null || row.left_at !== null) return `You left the giveaway for **${row.prize}**.`;
  return `You are in the giveaway for **${row.prize}** with ${row.weight} ${row.weight === 1 ? "entry" : "entries"}. It ends <t:${Math.floor(row.ends_at / 1000)}:R>.`;
}

function accountDays(userId, now) {
  return Math.floor((now - Number((BigInt(userId) >> 22n) + DISCORD_EPOCH_MS)) / DAY_MS);
}

const TOGGLE = `
  INSERT INTO giveaway_entries (giveaway_id, user_id, weight, entered_at, left_at, last_interaction)
  SELECT g.id, ?3, 1, ?5, NULL, ?4 FROM giveaways g
  WHERE g.id = ?1 AND g.guild_id = ?2 AND g.state = 'active' AND g.ends_at > ?5
    AND NOT EXISTS (SELECT 1 FROM giveaway_blacklist b WHERE b.guild_id = g.guild_id AND b.user_id = ?3)
    AND (g.requirements ->> '$.roles' IS NULL OR g.requirements ->> '$.roles' = '[]' OR EXISTS (
      SELECT 1 FROM json_each(g.requirements, '$.roles') r WHERE r.value IN (SELECT value FROM json_each(?6))))
    AND COALESCE(g.requirements ->> '$.min_account_days', 0) <= ?7
  ON CONFLICT (giveaway_id, user_id) DO UPDATE SET
    left_at = CASE WHEN left_at IS NULL THEN ?5 ELSE NULL END,
    entered_at = CASE WHEN left_at IS NULL THEN entered_at ELSE ?5 END,
    last_interaction = ?4
  WHERE CAST(?4 AS INTEGER) > CAST(last_interaction AS INTEGER) AND (left_at IS NOT NULL OR entered_at <= ?5 - ?8)`;

const LOOK = `
  SELECT g.prize, g.ends_at, e.weight, e.left_at, e.last_interaction
  FROM giveaways g LEFT JOIN giveaway_entries e ON e.giveaway_id = g.id AND e.user_id = ?3
  WHERE g.id = ?1 AND g.guild_id = ?2`;
