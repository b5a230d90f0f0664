// Purpose: child processes of the scripts: started in groups of their own, logged to files, ended with everything they started.

import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LEASH = fileURLToPath(new URL("./leash.mjs", import.meta.url));

/**
 * Starts a program that ends with this process. Its output goes to the file `log`.
 * Gives `{ name, pid, exited, isRunning(), stop(), suspend(), resume(), kill() }`; `exited` resolves to a sentence.
 */
export function start(name, program, args, { cwd = ROOT, env = {}, log }) {
  fs.mkdirSync(path.dirname(log), { recursive: true });
  const out = fs.openSync(log, "a");
  const child = spawn(process.execPath, [LEASH, program, ...args], {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["pipe", out, out],
  });
  fs.closeSync(out);
  let running = true;
  const exited = new Promise((resolve) => {
    child.on("exit", (code, signal) => {
      running = false;
      resolve(`${name} ended (${signal ?? `status ${code}`})`);
    });
    child.on("error", (error) => resolve(`${name} could not be started: ${error.message}`));
  });
  const signal = (which) => {
    try {
      // The group, and only this one: its id is the pid of the process that was started here.
      if (child.pid) process.kill(-child.pid, which);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  };
  return {
    name,
    pid: child.pid,
    log,
    exited,
    isRunning: () => running,
    /** Asks politely; the leash kills what is still there after three seconds. */
    async stop() {
      child.stdin.end();
      await exited;
    },
    /** Stands still: what connects to it gets no answer. */
    suspend: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    /** kill -9 of the program and everything it started, in the middle of whatever they do. */
    async kill() {
      signal("SIGKILL");
      await exited;
    },
  };
}

/** Runs a program to its end. Gives `{ code, stdout, stderr }`; never throws for a status. */
export function run(program, args, { cwd = ROOT, env = {}, input, inherit = false } = {}) {
  return new Promise((resolve) => {
    const stdio = inherit ? ["ignore", "inherit", "inherit"] : ["pipe", "pipe", "pipe"];
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.stdin?.on("error", () => {}).end(input);
    child.on("error", (error) => resolve({ code: 127, stdout, stderr: `${program}: ${error.message}` }));
    child.on("close", (code, signal) => resolve({ code: code ?? 1, stdout, stderr, signal }));
  });
}

/** Ports that nobody listens on now. Taken together, so that they differ. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise((resolve, reject) => {
      const server = net.createServer().on("error", reject);
      server.listen(0, "127.0.0.1", () => resolve(server));
    })),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Whether a port of this machine can be had. */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer().on("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Looks again and again until `look` gives something true, and gives that. After `seconds` it throws, saying what was
 * waited for and what stood there last. An error of `look` counts as "not yet".
 */
export async function until(what, look, { seconds = 15, every = 50 } = {}) {
  const deadline = Date.now() + seconds * 1_000;
  let last;
  for (;;) {
    try {
      last = await look();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      const seen = last instanceof Error ? `; last: ${last.message}` : "";
      throw new Error(`waited ${seconds} s for ${what}${seen}`);
    }
    await pause(every);
  }
}

/** The last lines of a file, for whoever must find out what went wrong. */
export function tail(file, lines = 20) {
  try {
    return fs.readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}
