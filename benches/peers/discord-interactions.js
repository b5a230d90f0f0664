// Purpose: the interactions bench's bot written with discord-interactions on a plain Worker, the way Discord's own
// Cloudflare Worker sample does.
//
// `ANSWER` is a JSON binding: the message Muster gives to the same command, so that every side sends the same bytes.

import { InteractionResponseType, InteractionType, verifyKey } from "discord-interactions";
import { COMMAND } from "./command.js";

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return new Response("Not Found", { status: 404 });
    const signature = request.headers.get("x-signature-ed25519");
    const timestamp = request.headers.get("x-signature-timestamp");
    const body = await request.text();
    const isValid = signature && timestamp && (await verifyKey(body, signature, timestamp, env.DISCORD_PUBLIC_KEY));
    if (!isValid) return new Response("Bad request signature.", { status: 401 });

    const interaction = JSON.parse(body);
    if (interaction.type === InteractionType.PING) {
      return Response.json({ type: InteractionResponseType.PONG });
    }
    if (interaction.type === InteractionType.APPLICATION_COMMAND && interaction.data.name.toLowerCase() === COMMAND) {
      return Response.json({ type: InteractionResponseType.CHANNEL_MESSAGE_WITH_SOURCE, data: env.ANSWER });
    }
    return Response.json({ error: "Unknown Type" }, { status: 400 });
  },
};
