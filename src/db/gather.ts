import type { Kysely } from 'kysely';
import { statement } from './statement.ts';
import type { Database } from './types.ts';

type Call = { resolve(row: unknown): void; reject(error: unknown): void };
/** Who waits for which key, by its text as JSON has it. */
type Asked = Map<string, Call[]>;
type Kind = { sql: string; keyOf(row: unknown): string; read(row: unknown): unknown };
/** By the place of their kind; a hole where nothing was asked. */
type Round = (Asked | undefined)[];
type Queue = { next: Round; lanes: number };
type Found = { kind: number; row: unknown };

/** Queries under way at once; what is asked for meanwhile goes into the next. */
const LANES = 2;

const kinds: Kind[] = [];
const queues = new WeakMap<Kysely<Database>, Queue>();

/**
 * A lookup by key whose calls share queries, also with those of other kinds: what is asked for while one query runs goes
 * into the next. Under load most of a small query's cost is in sending it. Each call is answered by a query that began
 * after it, never by an older one. Rows arrive as JSON, times as RFC 3339; `read` makes of one what its callers want.
 */
export function gatheredLookup<Json, Row = Json>(
  sql: string,
  keyOf: (row: Json) => string,
  read = (row: Json) => row as unknown as Row,
) {
  const kind = kinds.push({ sql, keyOf, read } as Kind) - 1;
  return (db: Kysely<Database>, key: string): Promise<Row | undefined> => {
    const queue = queueOf(db);
    queue.next[kind] ??= new Map();
    const asked = queue.next[kind];
    const { promise, resolve, reject } = Promise.withResolvers<Row | undefined>();
    const calls = asked.get(key);
    if (calls) calls.push({ resolve, reject } as Call);
    else asked.set(key, [{ resolve, reject } as Call]);
    if (queue.lanes < LANES) {
      queue.lanes += 1;
      // What the same turn of the event loop asks for comes along.
      setImmediate(() => void ask(db, queue));
    }
    return promise;
  };
}

function queueOf(db: Kysely<Database>): Queue {
  const known = queues.get(db);
  if (known) return known;
  const queue = { next: [], lanes: 0 };
  queues.set(db, queue);
  return queue;
}

async function ask(db: Kysely<Database>, queue: Queue): Promise<void> {
  while (queue.next.length > 0) {
    const round = queue.next;
    queue.next = [];
    await answer(db, round);
  }
  queue.lanes -= 1;
}

async function answer(db: Kysely<Database>, round: Round): Promise<void> {
  try {
    const keys = round.flatMap((asked) => (asked ? [[...asked.keys()]] : []));
    for (const { kind, row } of await statementFor(round)(db, ...keys)) {
      const { keyOf, read } = kinds[kind] as Kind;
      const key = keyOf(row);
      for (const call of round[kind]?.get(key) ?? []) call.resolve(read(row));
      round[kind]?.delete(key);
    }
    for (const call of callsOf(round)) call.resolve(undefined);
  } catch (error) {
    for (const call of callsOf(round)) call.reject(error);
  }
}

const callsOf = (round: Round) => round.flatMap((asked) => (asked ? [...asked.values()].flat() : []));

const statements = new Map<string, ReturnType<typeof statement<Found, string[][]>>>();

/** One statement for each set of kinds that were asked for together. */
function statementFor(round: Round) {
  const asked = round.flatMap((each, kind) => (each ? [kind] : []));
  const name = `gathered-${asked.join('-')}`;
  const known = statements.get(name);
  if (known) return known;
  const parts = asked.map((kind, place) => {
    const rows = (kinds[kind] as Kind).sql.replaceAll('$1', `$${place + 1}`);
    return `select ${kind} as kind, row_to_json(found) as row from (${rows}) found`;
  });
  const made = statement<Found, string[][]>(name, parts.join('\nunion all\n'));
  statements.set(name, made);
  return made;
}
