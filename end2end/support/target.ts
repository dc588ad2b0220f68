// The database of the sample system, made larger than the sample: for what is over too soon to be looked at.
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Console } from "./console.ts";

/** Whether this machine has what writes into the database here. */
export const canGrow = spawnSync("python3", ["-c", "import sqlite3"]).status === 0;

const doubling = `
import sqlite3, sys
file, table, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
db = sqlite3.connect(file, timeout=30)
columns = ", ".join('"%s"' % row[1] for row in db.execute("PRAGMA table_info(%s)" % table) if row[1] != "id")
for _ in range(times):
    db.execute("INSERT INTO %s (%s) SELECT %s FROM %s" % (table, columns, columns, table))
db.commit()
print(db.execute("SELECT COUNT(*) FROM %s" % table).fetchone()[0])
`;

/** Doubles the rows of a table of the sample system so many times, and answers how many it has then. */
export function grow(server: Console, table: string, times: number): number {
  const file = join(server.data, "obcms", "db.sqlite3");
  return Number(execFileSync("python3", ["-c", doubling, file, table, String(times)]).toString());
}
