// Purpose: people of the Discord stand-in, acting and reading through its control API as they would in Discord.

import { until } from "./processes.mjs";

const LOADING = 128;
const TEXT_DISPLAY = 10;

/** Everything that a person can read in a message, one piece per line. */
export function textOf(message) {
  const lines = [message.content ?? ""];
  for (const embed of message.embeds ?? []) {
    lines.push(embed.title, embed.description);
    for (const field of embed.fields ?? []) lines.push(`${field.name}: ${field.value}`);
    lines.push(embed.footer?.text);
  }
  // Components V2 carry their text themselves.
  for (const one of flat(message.components)) if (one.type === TEXT_DISPLAY) lines.push(one.content);
  for (const button of buttonsOf(message)) lines.push(`[${button.label}]`);
  return lines.filter(Boolean).join("\n");
}

/** All components of a message, nested ones after those that hold them. */
const flat = (components) => (components ?? []).flatMap((one) => [one, ...flat(one.components), ...flat(one.accessory ? [one.accessory] : [])]);

export function buttonsOf(message) {
  return flat(message.components).filter((one) => one.type === 2);
}

/** The enabled button whose label begins with these words. */
export function buttonOf(message, label) {
  const found = buttonsOf(message).find((one) => one.label?.startsWith(label) && !one.disabled);
  if (!found) throw new Error(`there is no button “${label}” to press in this message:\n${textOf(message)}`);
  return found.custom_id;
}

/** What people of the stand-in do. `sim` is the control API of a stack, `GUILD` the demo guild. */
export function people(sim, guildName = "Lantern Café") {
  let guild;
  const known = { users: {}, roles: {}, channels: {} };

  /** Reads who and what is there; again after somebody joined. */
  async function meet() {
    const world = await sim.get("/state");
    guild = world.guilds.find((one) => one.name === guildName);
    if (!guild) throw new Error(`the stand-in has no guild “${guildName}”`);
    for (const user of world.users) known.users[user.username] = user.id;
    for (const role of guild.roles) known.roles[role.name] = role.id;
    for (const channel of guild.channels) known.channels[channel.name] = channel.id;
    known.names = Object.fromEntries(world.users.map((user) => [user.id, user.global_name ?? user.username]));
    return world;
  }

  async function channelId(name) {
    if (/^\d+$/.test(name)) return name;
    if (!known.channels[name]) await meet();
    return known.channels[name] ?? Promise.reject(new Error(`there is no channel #${name}`));
  }

  async function userId(username) {
    if (!known.users[username]) await meet();
    return known.users[username];
  }

  async function messages(channel, as = "mara") {
    const list = await sim.get(`/channels/${await channelId(channel)}/messages?as=${encodeURIComponent(as)}`);
    return list.messages.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }

  /** The answer as its reader sees it in the end: deferred ones are waited for. */
  async function settled(reply, channel, user) {
    const { answer, interaction_id } = reply;
    if (answer.kind === "error") throw new Error(`${answer.error} (${answer.detail ?? ""})`);
    if (answer.kind === "modal") return { modal: answer.modal, text: "" };
    const isLoading = (message) => ((message?.flags ?? 0) & LOADING) !== 0;
    let message = answer.message ?? null;
    if (answer.kind === "deferred" || isLoading(message)) {
      message = await until("the bot to finish its answer", async () => {
        const list = await messages(channel, user);
        return list.find((one) => one.interaction?.id === interaction_id && !isLoading(one));
      });
    }
    const isPrivate = message?.ephemeral_for != null;
    return { message, text: message ? textOf(message) : "", isPrivate };
  }

  /** Does something that the application answers. */
  async function acted(route, body, channel, user) {
    return settled(await sim.post(route, body), channel, user);
  }

  return {
    meet, channelId, userId, messages,
    /** A person's name as others see it. */
    nameOf: (id) => known.names?.[id] ?? id,
    roleId: async (name) => (known.roles[name] ?? (await meet(), known.roles[name])),
    guildId: async () => (guild ?? (await meet(), guild)).id,

    /** Types a slash command. Gives `{ text, message, isPrivate }`, or `{ modal }`. */
    async command(user, channel, line) {
      const id = await channelId(channel);
      return acted("/interactions/command", { user, channel: id, line }, id, user);
    },

    /** The same with options as the API has them: a file is `{ name, value: { filename, base64 } }`. */
    async commandWith(user, channel, name, options) {
      const id = await channelId(channel);
      return acted("/interactions/command", { user, channel: id, name, options }, id, user);
    },

    async suggestions(user, channel, name, options) {
      const body = { user, channel: await channelId(channel), name, options };
      return (await sim.post("/interactions/autocomplete", body)).choices;
    },

    /** Presses the button of a message by its label or custom id. */
    async press(user, message, button) {
      const custom_id = button.includes(":") ? button : buttonOf(message, button);
      return acted("/interactions/component", { user, message: message.id, custom_id }, message.channel_id, user);
    },

    /** Chooses from the select of a message that offers these values. */
    async choose(user, message, ...values) {
      const offers = (one) => values.every((value) => one.options?.some((option) => option.value === value));
      const found = flat(message.components).find(offers);
      if (!found) throw new Error(`there is nothing to choose “${values.join(", ")}” from in this message:\n${textOf(message)}`);
      return acted("/interactions/component", { user, message: message.id, custom_id: found.custom_id, values }, message.channel_id, user);
    },

    async submit(user, channel, modal, fields) {
      return acted("/interactions/modal", { user, modal: modal.id, fields }, channel, user);
    },

    async join(username, { days = 400, roles = ["Member"] } = {}) {
      const guildId = (guild ?? (await meet(), guild)).id;
      await sim.post("/users", { username, created_days_ago: days, guild: guildId });
      if (roles.length > 0) await sim.patch("/members", { guild: guildId, user: username, roles });
      await meet();
    },

    /** Moves time forward for everybody, the Worker included. */
    async wait(ms) {
      const { worker } = await sim.post("/clock", { advance_ms: ms });
      if (!worker.told) throw new Error(`the Worker did not hear that the clock moved: ${JSON.stringify(worker)}`);
    },

    /** The first message of a channel (as one person sees it) that `test` accepts, waited for. */
    findMessage(what, channel, test, { as = "mara", seconds = 15 } = {}) {
      const accepts = (message) => test(textOf(message), message);
      return until(what, async () => (await messages(channel, as)).find(accepts), { seconds });
    },
  };
}
