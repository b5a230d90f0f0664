// Purpose: applies d1-migrations to a local D1 database, as `wrangler d1 migrations apply --local` would, in one start of the runtime instead of
// one for every file (seconds instead of ten). It keeps wrangler's own record of what was applied, so that either may go on where the other was.
//
// node scripts/lib/migrate.mjs CONFIG STATE    CONFIG: a wrangler.toml with the database; STATE: the folder that wrangler's --persist-to names
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { getPlatformProxy, unstable_splitSqlQuery } from "wrangler";

const APPLIED = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`;

/** Applies the files of `folder` that the D1 binding `database` has not seen, in order, each whole or not at all. */
export async function migrate(database, folder) {
  await database.prepare(APPLIED).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const seen = new Set(results.map(({ name }) => name));
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith(".sql") && !seen.has(file)).sort()) {
    const statements = unstable_splitSqlQuery(fs.readFileSync(path.join(folder, name), "utf8")).map((sql) => database.prepare(sql));
    statements.push(database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name));
    await database.batch(statements).catch((error) => {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    });
  }
}

async function main(config, state) {
  // wrangler dev keeps what it keeps in a folder of this name; asked for a path, it takes that path itself.
  const { env, dispose } = await getPlatformProxy({ configPath: config, persist: { path: path.join(state, "v3") } });
  try {
    await migrate(env.DB, path.join(path.dirname(config), "d1-migrations"));
  } finally {
    await dispose();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(...process.argv.slice(2)).then(
    () => process.exit(0),
    (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    },
  );
}
