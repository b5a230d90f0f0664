// Purpose: the Worker's front door: signed interactions go straight into Rust, short links to where they lead,
// everything else to the router.
//
// The interaction path is one read of the body, one call into Rust, one Response. The router's request object reads
// every header and property first, which costs more than answering most commands.
import Rust from "../build/index.js";
import { follow, slugOf } from "./links.js";
export * from "../build/index.js";

const JSON_HEADERS = { headers: { "content-type": "application/json" } };
// Discord's interactions are a few kilobytes. Longer bodies, and those of unknown length, are read by the router, which
// stops at its cap.
const MAX_BODY = 262144;

const core = Rust.prototype;
// worker-build's own state: set once a panic has broken the instance, so that the next request gets a fresh one.
const wasm = globalThis.__worker_init_state;

export default {
  fetch(request, env, ctx) {
    if (!wasm.criticalError) {
      const signature = request.method === "POST" ? request.headers.get("x-signature-ed25519") : null;
      if (signature !== null && isInteraction(request)) return interact(signature, request, env, ctx);
      const slug = slugOf(request);
      if (slug !== null) return redirect(slug, request, env, ctx);
    }
    return new Rust(ctx, env).fetch(request);
  },
  queue: (batch, env, ctx) => new Rust(ctx, env).queue(batch),
  scheduled: (event, env, ctx) => new Rust(ctx, env).scheduled(event),
};

/** Whether a POST is for the interactions' address, and short enough to be read here. */
function isInteraction({ url, headers }) {
  return url.slice(url.indexOf("/", 8)) === "/interactions" && Number(headers.get("content-length") ?? Infinity) <= MAX_BODY;
}

async function interact(signature, request, env, ctx) {
  const timestamp = request.headers.get("x-signature-timestamp") ?? "";
  // Bytes that are no UTF-8 are replaced here, and then the signature is not theirs any more.
  const body = await request.text();
  try {
    let answer = core.interaction(timestamp, signature, body, env, ctx);
    if (answer instanceof Promise) {
      // The work goes on when whoever asked has hung up: others may be waiting in the same batch.
      ctx.waitUntil(answer);
      answer = await answer;
    }
    if (typeof answer === "string") return new Response(answer, JSON_HEADERS);
    return answer ?? new Response("invalid request signature", { status: 401 });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) wasm.criticalError = true;
    throw error;
  }
}

async function redirect(slug, request, env, ctx) {
  return (await follow(slug, request, env, ctx, core)) ?? new Rust(ctx, env).fetch(request);
}
