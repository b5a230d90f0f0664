// Purpose: which statements share a batch, shown with a D1 that answers when the test says so. On workerd: crowd.test.mjs.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

/** The module with an isolate's memory of its own. */
const isolate = () => import(`../../../src/ports/d1.js?${Math.random()}`);

/** Holds every batch until `answer` or `fail` lets the oldest go. */
function heldDatabase() {
  const held = [];
  const batches = [];
  const batch = (statements) => {
    batches.push(statements.map(({ params }) => params[0]));
    const { promise, resolve, reject } = deferred();
    held.push({ statements, resolve, reject });
    return promise;
  };
  const prepare = () => ({ bind: (...params) => ({ params, all: () => batch([{ params }]).then(([one]) => one) }) });
  const rows = ({ params }) => ({ results: [{ own: params[0] }], meta: { changes: 1 } });
  const settle = async (act) => {
    act(held.shift());
    for (let turn = 0; turn < 20; turn++) await null;
  };
  return {
    db: { prepare, batch },
    batches,
    answer: () => settle(({ statements, resolve }) => resolve(statements.map(rows))),
    fail: (message) => settle(({ reject }) => reject(new Error(message))),
  };
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

// Node 20 has no Promise.withResolvers; workerd has.
Promise.withResolvers ??= deferred;

const ask = (d1, db, who) => d1.d1_together(db, JSON.stringify([0, [who], "SELECT ?1 AS own"])).then((text) => JSON.parse(text).rows[0].own);

test("a lone statement goes at once; those that come meanwhile go together, each with its own result", async () => {
  const { db, batches, answer } = heldDatabase();
  const d1 = await isolate();
  const asked = ["ada", "bela", "chen", "dilek"].map((who) => ask(d1, db, who));
  assert.deepEqual(batches, [["ada"]]);
  await answer();
  assert.deepEqual(batches, [["ada"], ["bela", "chen", "dilek"]]);
  await answer();
  assert.deepEqual(await Promise.all(asked), ["ada", "bela", "chen", "dilek"]);
  const alone = ask(d1, db, "emil");
  assert.deepEqual(batches.at(-1), ["emil"], "nothing is under way any more");
  await answer();
  assert.equal(await alone, "emil");
});

test("no batch holds more than forty", async () => {
  const { db, batches, answer } = heldDatabase();
  const d1 = await isolate();
  const asked = Array.from({ length: 100 }, (_, who) => ask(d1, db, who));
  for (let round = 0; round < 4; round++) await answer();
  assert.deepEqual(batches.map((batch) => batch.length), [1, 40, 40, 19]);
  assert.deepEqual(await Promise.all(asked), Array.from({ length: 100 }, (_, who) => who));
});

test("a batch that fails fails for everybody in it, and the next ones go on", async () => {
  const { db, answer, fail } = heldDatabase();
  const d1 = await isolate();
  const asked = ["ada", "bela", "chen"].map((who) => ask(d1, db, who).catch((error) => error.message));
  await answer();
  const later = ask(d1, db, "dilek");
  await fail("D1 DB is overloaded");
  await answer();
  assert.deepEqual(await Promise.all(asked), ["ada", "D1 DB is overloaded", "D1 DB is overloaded"]);
  assert.equal(await later, "dilek");
});

test("nobody waits longer than two seconds for a batch that hangs", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  try {
    const { db, batches } = heldDatabase();
    const d1 = await isolate();
    for (const who of ["ada", "bela"]) ask(d1, db, who);
    mock.timers.tick(2_000);
    for (let turn = 0; turn < 20; turn++) await null;
    assert.deepEqual(batches, [["ada"], ["bela"]]);
    mock.timers.tick(1);
    ask(d1, db, "chen");
    assert.deepEqual(batches.at(-1), ["chen"], "who comes later leads");
  } finally {
    mock.timers.reset();
  }
});

test("a runtime that mixes up requests is not trusted with a shared batch again", async () => {
  const { db, batches, fail } = heldDatabase();
  const d1 = await isolate();
  const failed = ask(d1, db, "ada").catch((error) => error.message);
  await fail("Cannot perform I/O on behalf of a different request.");
  assert.match(await failed, /different request/);
  for (const who of ["bela", "chen", "dilek"]) ask(d1, db, who);
  assert.deepEqual(batches.slice(1), [["bela"], ["chen"], ["dilek"]]);
});
