import type { Kysely } from 'kysely';
import { statement } from './statement.ts';
import type { Database } from './types.ts';

type Waiting<Row> = { resolve(row: Row | undefined): void; reject(error: unknown): void };
type Batch<Key, Row> = Map<string, { key: Key; waiting: Waiting<Row>[] }>;

/**
 * A lookup by key whose calls of one turn of the event loop share one query: under load most of a small query's cost is
 * in sending it. Each call is still answered by a query that began after it, so nothing is ever answered from before.
 */
export function gatheredLookup<Key extends string | Buffer, Row>(name: string, sql: string, keyOf: (row: Row) => Key) {
  const run = statement<Row, [keys: Key[]]>(name, sql);
  const open = new WeakMap<Kysely<Database>, Batch<Key, Row>>();

  async function flush(db: Kysely<Database>, batch: Batch<Key, Row>): Promise<void> {
    open.delete(db);
    const entries = [...batch.values()];
    try {
      const rows = await run(
        db,
        entries.map((entry) => entry.key),
      );
      const found = new Map(rows.map((row) => [textOf(keyOf(row)), row]));
      for (const { key, waiting } of entries) for (const call of waiting) call.resolve(found.get(textOf(key)));
    } catch (error) {
      for (const { waiting } of entries) for (const call of waiting) call.reject(error);
    }
  }

  return (db: Kysely<Database>, key: Key): Promise<Row | undefined> => {
    let batch = open.get(db);
    if (!batch) {
      const fresh: Batch<Key, Row> = new Map();
      open.set(db, fresh);
      setImmediate(() => void flush(db, fresh));
      batch = fresh;
    }
    const { promise, resolve, reject } = Promise.withResolvers<Row | undefined>();
    const text = textOf(key);
    const entry = batch.get(text);
    if (entry) entry.waiting.push({ resolve, reject });
    else batch.set(text, { key, waiting: [{ resolve, reject }] });
    return promise;
  };
}

function textOf(key: string | Buffer): string {
  return typeof key === 'string' ? key : key.toString('latin1');
}
