import type { Kysely } from 'kysely';
import { statement } from './statement.ts';
import type { Database } from './types.ts';

type Waiting<Row> = { resolve(row: Row | undefined): void; reject(error: unknown): void };
type Asked<Key, Row> = Map<string, { key: Key; waiting: Waiting<Row>[] }>;
type Queue<Key, Row> = { next: Asked<Key, Row>; isAsking: boolean };

/**
 * A lookup by key whose calls share queries: what is asked for while one query runs goes into the next. Under load most
 * of a small query's cost is in sending it. Each call is answered by a query that began after it, never by an older one.
 */
export function gatheredLookup<Key extends string | Buffer, Row>(name: string, sql: string, keyOf: (row: Row) => Key) {
  const run = statement<Row, [keys: Key[]]>(name, sql);
  const queues = new WeakMap<Kysely<Database>, Queue<Key, Row>>();

  async function answer(db: Kysely<Database>, asked: Asked<Key, Row>): Promise<void> {
    try {
      const keys = [...asked.values()].map(({ key }) => key);
      const found = new Map((await run(db, keys)).map((row) => [textOf(keyOf(row)), row]));
      for (const [text, { waiting }] of asked) for (const call of waiting) call.resolve(found.get(text));
    } catch (error) {
      for (const { waiting } of asked.values()) for (const call of waiting) call.reject(error);
    }
  }

  async function ask(db: Kysely<Database>, queue: Queue<Key, Row>): Promise<void> {
    while (queue.next.size > 0) {
      const asked = queue.next;
      queue.next = new Map();
      await answer(db, asked);
    }
    queue.isAsking = false;
  }

  return (db: Kysely<Database>, key: Key): Promise<Row | undefined> => {
    const queue = queues.get(db) ?? { next: new Map(), isAsking: false };
    queues.set(db, queue);
    const { promise, resolve, reject } = Promise.withResolvers<Row | undefined>();
    const entry = queue.next.get(textOf(key)) ?? { key, waiting: [] };
    entry.waiting.push({ resolve, reject });
    queue.next.set(textOf(key), entry);
    if (!queue.isAsking) {
      queue.isAsking = true;
      // What the same turn of the event loop asks for comes along.
      setImmediate(() => void ask(db, queue));
    }
    return promise;
  };
}

function textOf(key: string | Buffer): string {
  return typeof key === 'string' ? key : key.toString('latin1');
}
