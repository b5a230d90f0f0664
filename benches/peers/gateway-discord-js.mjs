// Purpose: discord.js on the same gateway, doing what its guides begin with: count messages of people. Says how many when it has them all.

import { Client, GatewayIntentBits, Events } from "discord.js";

const [, , api, expected] = process.argv;
const { Guilds, GuildMembers, GuildMessages, GuildVoiceStates, MessageContent } = GatewayIntentBits;
const client = new Client({
  intents: [Guilds, GuildMembers, GuildMessages, GuildVoiceStates, MessageContent],
  rest: { api },
});
let counted = 0;
let earned = 0;
client.on(Events.MessageCreate, (message) => {
  counted += 1;
  if (!message.author.bot && !message.webhookId) earned += 1;
  if (counted === Number(expected)) process.stdout.write(`${JSON.stringify({ counted, earned })}\n`);
});
await client.login(process.env.DISCORD_TOKEN);
