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
const ORIGINAL = Symbol("original");

function note({ meta }) {
  usage.d1_rows_read += meta.rows_read ?? 0;
  usage.d1_rows_written += meta.rows_written ?? 0;
  usage.d1_statements += 1;
}

function wrapStatement(statement) {
  return {
    [ORIGINAL]: statement,
    bind: (...values) => wrapStatement(statement.bind(...values)),
    all: async () => {
      const result = await statement.all();
      usage.d1_batches += 1;
      note(result);
      return result;
    },
  };
}

function watch(target, methods) {
  return new Proxy(target, {
    get(object, key) {
      if (methods[key]) return methods[key](object);
      const value = object[key];
      return typeof value === "function" ? value.bind(object) : value;
    },
  });
}

const wrapped = new WeakMap();
function wrap(env) {
  if (!wrapped.has(env)) wrapped.set(env, watchAll(env));
  return wrapped.get(env);
}

function watchAll(env) {
  const bindings = {
    DB: watch(env.DB, {
      prepare: (db) => (sql) => wrapStatement(db.prepare(sql)),
      batch: (db) => async (statements) => {
        const results = await db.batch(statements.map((statement) => statement[ORIGINAL]));
        usage.d1_batches += 1;
        results.forEach(note);
        return results;
      },
    }),
    KV: watch(env.KV, {
      get: (kv) => (...args) => ((usage.kv_reads += 1), kv.get(...args)),
      put: (kv) => (...args) => ((usage.kv_writes += 1), kv.put(...args)),
    }),
    // A message is written, read and deleted: three operations.
    JOBS: watch(env.JOBS, {
      send: (queue) => (...args) => ((usage.queue_operations += 3), queue.send(...args)),
      sendBatch: (queue) => (messages) => ((usage.queue_operations += 3 * [...messages].length), queue.sendBatch(messages)),
    }),
  };
  return new Proxy(env, { get: (object, key) => bindings[key] ?? object[key] });
}

function watchObject(Class) {
  return class extends Class {
    constructor(state, env) {
      super(state, wrap(env));
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
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/bench/usage") return Response.json(usage);
    if (!pathname.startsWith("/dev/")) usage.worker_requests += 1;
    return muster.fetch(request, wrap(env), ctx);
  },
  queue: (batch, env, ctx) => muster.queue(batch, wrap(env), ctx),
  scheduled(event, env, ctx) {
    usage.cron_ticks += 1;
    return muster.scheduled(event, wrap(env), ctx);
  },
};
`;
