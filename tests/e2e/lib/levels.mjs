// Purpose: what the stories about levels share: switching them on as an admin does, people talking, what members have.

import fs from "node:fs";
import path from "node:path";
import { freePorts, start, until } from "../../../scripts/lib/processes.mjs";
import { SIDECAR } from "../../../scripts/lib/stack.mjs";

/** A sentence of its own for each number: what is like one of the last messages earns nothing. */
export function remark(number) {
  return ["lantern", "harbour", "kettle", "violin", "meadow", "copper"].map((word) => `${word}${number}`).join(" ");
}

/** What people do and read about levels on this stack. */
export function levels(stack) {
  const { crowd, sim } = stack;
  const health = async (url = stack.sidecarUrl) => (await fetch(`${url}/healthz`)).json();

  /** Sets numbers by the form behind /levels config; those that are not given stay. */
  async function setNumbers(numbers) {
    const { message } = await crowd.command("mara", "general", "/levels config");
    const { modal } = await crowd.press("mara", message, "XP and pauses");
    const current = Object.fromEntries(modal.components.flatMap((one) => one.component ?? one.components).map((input) => [input.custom_id, input.value ?? ""]));
    return crowd.submit("mara", message.channel_id, modal, { ...current, ...numbers });
  }

  async function member(user) {
    const response = await fetch(`${stack.workerUrl}/api/v1/guilds/${await crowd.guildId()}/members/${await crowd.userId(user)}/rank`);
    return response.ok ? response.json() : { total: 0, text: 0, voice: 0 };
  }

  return {
    health, setNumbers, member,

    /** Switches levels on, shows the board on the web, and waits until the sidecar knows. */
    async switchOn(numbers = {}) {
      const { identified } = await sim.post("/gateway", {});
      // Before they are on: the sidecar begins to listen with what it knows then.
      await setNumbers(numbers);
      const { message } = await crowd.command("mara", "general", "/levels config");
      const { message: on } = await crowd.press("mara", message, "Switch on");
      await crowd.press("mara", on, "Show the board on the web");
      await until("the sidecar to hear messages", async () => {
        const { intents, shards } = await health();
        // It logs in anew, because it did not listen to messages before.
        if ((await sim.post("/gateway", {})).identified === identified) return false;
        return intents.includes("GUILD_MESSAGES") && Object.values(shards).every((shard) => shard.state === "connected");
      }, { seconds: 20 });
    },

    async say(user, channel, content) {
      return (await sim.post("/messages", { user, channel: await crowd.channelId(channel), content })).message;
    },

    /** Waits until a member has so much XP, and stays at it. */
    async hasTotal(user, wanted, seconds = 20) {
      await until(`${user} to have ${wanted} XP`, async () => {
        const { total } = await member(user);
        if (total !== wanted) throw new Error(`${total} XP`);
        return true;
      }, { seconds, every: 200 });
    },

    /** Another sidecar beside the stack's own, with these flags and settings. */
    async another(name, args, env = {}) {
      const [port] = await freePorts(1);
      const dir = path.join(stack.dir, name);
      const log = path.join(stack.dir, `${name}.log`);
      const all = ["--worker-url", stack.workerUrl, "--discord-api", stack.env.DISCORD_API, "--state-dir", dir, "--listen", `127.0.0.1:${port}`, "--flush-seconds", "1", ...args];
      const secrets = { DISCORD_TOKEN: stack.env.DISCORD_TOKEN, GATEWAY_KEY: stack.env.GATEWAY_KEY, ...env };
      const child = start(name, SIDECAR, all, { env: secrets, log });
      const url = `http://127.0.0.1:${port}`;
      return { ...child, url, health: () => health(url), said: () => fs.readFileSync(log, "utf8") };
    },
  };
}
