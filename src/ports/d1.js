// Purpose: one crossing each way for a batch: statements come as JSON, results go back as JSON.
//
// Taking D1's result objects apart from Rust costs a call per row and column; as text it is one.
export async function d1_batch(db, request) {
  const statements = JSON.parse(request).map(([sql, params]) => {
    const statement = db.prepare(sql);
    return params.length ? statement.bind(...params) : statement;
  });
  const results = statements.length === 1 ? [await statements[0].all()] : await db.batch(statements);
  return JSON.stringify(results.map(({ results: rows, meta }) => ({ rows: rows ?? [], changes: meta.changes ?? 0 })));
}
