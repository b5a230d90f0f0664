// Purpose: one crossing each way for a batch: statements come as JSON, results go back as JSON; and statements of many
// requests in one batch.
//
// Taking D1's result objects apart from Rust costs a call per row and column; as text it is one. A statement comes as
// [number, parameters, text?]: the text only the first time, or again after the wasm instance was replaced.
import { Together } from "./together.js";

const texts = [];

/** Keeps the text of a statement at once: others of its number may run before it. */
function learn(statement) {
  const [number, , text] = statement;
  if (text !== undefined) texts[number] = text;
  return statement;
}

function prepare(db, [number, params]) {
  const statement = db.prepare(texts[number]);
  return params.length ? statement.bind(...params) : statement;
}

const plain = ({ results: rows, meta }) => ({ rows: rows ?? [], changes: meta.changes ?? 0 });

async function run(db, statements) {
  const prepared = statements.map((one) => prepare(db, one));
  return prepared.length === 1 ? [await prepared[0].all()] : db.batch(prepared);
}

export async function d1_batch(db, request) {
  const results = await run(db, JSON.parse(request).map(learn));
  return JSON.stringify(results.map(plain));
}

// A batch may make 50 queries per invocation on Cloudflare's free plan; the request that leads it has made some of its own.
const shared = new Together({ most: 40, patience: 2_000 });

/** One statement, in one transaction with whatever else arrives while another batch is under way. */
export async function d1_together(db, request) {
  const all = async (statements) => (await run(db, statements)).map(plain);
  return JSON.stringify(await shared.join(learn(JSON.parse(request)), all));
}
