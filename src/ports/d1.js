// Purpose: one crossing each way for a batch: statements come as JSON, results go back as JSON; and statements of many
// requests in one batch.
//
// Taking D1's result objects apart from Rust costs a call per row and column; as text it is one. A statement comes as
// [number, parameters, text?]: the text only the first time, or again after the wasm instance was replaced.
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
const TOGETHER_MAX = 40;
// Milliseconds. A request can die while it leads: nobody waits for it any longer than this, each then goes alone.
const PATIENCE_MS = 2_000;
const LEAD = Symbol("lead the next batch");
const ALONE = Symbol("waited too long");

// Statements that came while a batch was under way, as `{ statement, resolve, reject }`: they go together in the next one.
const waiting = [];
// When the batch under way began (Unix milliseconds); null when there is none.
let leading = null;
// Off for good once the runtime let a request go on in another one's context (it says so when that one calls out): better
// slow than wrong.
let isShared = true;

/**
 * One statement, in one transaction with whatever else arrives while another batch is under way. A lone request never
 * waits. The next batch is led by the first request that waited, because a request may only make outside calls of its own.
 */
export async function d1_together(db, request) {
  const statement = learn(JSON.parse(request));
  if (!isShared) return JSON.stringify(plain((await run(db, [statement]))[0]));
  if (leading === null || Date.now() - leading > PATIENCE_MS) return JSON.stringify(await lead(db, statement));
  const turn = await nextTurn(statement);
  if (turn === LEAD) return JSON.stringify(await lead(db, statement));
  if (turn === ALONE) return JSON.stringify(plain((await run(db, [statement]))[0]));
  return JSON.stringify(turn);
}

/** The statement's result, once somebody else's batch held it; or LEAD; or ALONE. */
async function nextTurn(statement) {
  // Not `new Promise`: once optimised, it forgets which request made it, and this request would go on in the context of
  // the one that settles it (tests/e2e/crowd.test.mjs).
  const { promise, resolve, reject } = Promise.withResolvers();
  const one = { statement, resolve, reject };
  waiting.push(one);
  // Also keeps the runtime from taking a request that only waits for another one for a hung one.
  const patience = setTimeout(() => {
    const place = waiting.indexOf(one);
    if (place >= 0) waiting.splice(place, 1);
    resolve(ALONE);
  }, PATIENCE_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(patience);
  }
}

/** Runs `statement` and what waits. Gives `statement`'s own result. */
async function lead(db, statement) {
  const began = (leading = Date.now());
  const others = waiting.splice(0, TOGETHER_MAX - 1);
  try {
    const [own, ...results] = await run(db, [statement, ...others.map((one) => one.statement)]);
    results.forEach((result, index) => others[index].resolve(plain(result)));
    return plain(own);
  } catch (error) {
    if (String(error).includes("different request")) isShared = false;
    for (const { reject } of others) reject(error);
    throw error;
  } finally {
    // Unless another one took over because this took too long.
    if (leading === began) handOver();
  }
}

function handOver() {
  const next = waiting.shift();
  leading = next === undefined ? null : Date.now();
  next?.resolve(LEAD);
}
