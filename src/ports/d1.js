// Purpose: one crossing each way for a batch: statements come as JSON, results go back as JSON.
//
// Taking D1's result objects apart from Rust costs a call per row and column; as text it is one. A statement comes as
// [number, parameters, text?]: the text only the first time, or again after the wasm instance was replaced.
const texts = [];

export async function d1_batch(db, request) {
  const statements = JSON.parse(request).map(([number, params, text]) => {
    if (text !== undefined) texts[number] = text;
    const statement = db.prepare(texts[number]);
    return params.length ? statement.bind(...params) : statement;
  });
  const results = statements.length === 1 ? [await statements[0].all()] : await db.batch(statements);
  return JSON.stringify(results.map(({ results: rows, meta }) => ({ rows: rows ?? [], changes: meta.changes ?? 0 })));
}
