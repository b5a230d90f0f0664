// Purpose: what a Worker uses of the platform, counted from outside of it: a module around the bundle that watches its bindings.

/** Miniflare's options with the bundle inside a module that counts; `readUsage` gives the counts. */
export function counted(options) {
  const [entry] = options.modules;
  const contents = WRAPPER.replace("MUSTER_ENTRY", `.${entry.path}`);
  return { ...options, modules: [{ type: "ESModule", path: "/counted.js", contents }, ...options.modules] };
}

export async function readUsage(side) {
  const response = await fetch(`http://127.0.0.1:${side.port}/bench/usage`);
  return response.json();
}

// D1 says with each result how many rows the statement read and wrote, as Cloudflare bills them.
const WRAPPER = `
import muster, * as classes from "MUSTER_ENTRY";

const usage = { worker_requests: 0, cron_ticks: 0, d1_rows_read: 0, d1_rows_written: 0, d1_statements: 0, d1_batches: 0, object_requests: 0, queue_operations: 0, kv_reads: 0, kv_writes: 0 };
function note({ meta }) {
  usage.d1_rows_read += meta.rows_read ?? 0;
  usage.d1_rows_written += meta.rows_written ?? 0;
  usage.d1_statements += 1;
}

function watchStatement(statement) {
  const [all, bind] = [statement.all.bind(statement), statement.bind.bind(statement)];
  statement.bind = (...values) => watchStatement(bind(...values));
  statement.all = async () => {
    const result = await all();
    usage.d1_batches += 1;
    note(result);
    return result;
  };
  return statement;
}

function before(object, method, count) {
  const original = object[method].bind(object);
  object[method] = (...args) => (count(...args), original(...args));
}

// The bindings themselves are changed: the Worker looks at what they are, and takes no others in their place.
const watched = new WeakSet();
function watch(env) {
  if (watched.has(env.DB)) return env;
  watched.add(env.DB);
  const [prepare, batch] = [env.DB.prepare.bind(env.DB), env.DB.batch.bind(env.DB)];
  env.DB.prepare = (sql) => watchStatement(prepare(sql));
  env.DB.batch = async (statements) => {
    const results = await batch(statements);
    usage.d1_batches += 1;
    results.forEach(note);
    return results;
  };
  before(env.KV, "get", () => (usage.kv_reads += 1));
  before(env.KV, "put", () => (usage.kv_writes += 1));
  // A message is written, read and deleted: three operations.
  before(env.JOBS, "send", () => (usage.queue_operations += 3));
  before(env.JOBS, "sendBatch", (messages) => (usage.queue_operations += 3 * [...messages].length));
  return env;
}

function watchObject(Class) {
  return class extends Class {
    constructor(state, env) {
      super(state, watch(env));
    }
    fetch(...args) {
      usage.object_requests += 1;
      return super.fetch(...args);
    }
    alarm(...args) {
      usage.object_requests += 1;
      return super.alarm(...args);
    }
  };
}

export const GuildTimers = watchObject(classes.GuildTimers);
export const GuildLeaderboard = watchObject(classes.GuildLeaderboard);
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/bench/usage") return Response.json(usage);
    if (!pathname.startsWith("/dev/")) {
      usage.worker_requests += 1;
      return muster.fetch(request, watch(env), ctx);
    }
    // Moving the clock is not part of any day.
    const before = { ...usage };
    const response = await muster.fetch(request, watch(env), ctx);
    Object.assign(usage, before);
    return response;
  },
  queue: (batch, env, ctx) => muster.queue(batch, watch(env), ctx),
  scheduled(event, env, ctx) {
    usage.cron_ticks += 1;
    return muster.scheduled(event, watch(env), ctx);
  },
};
`;
