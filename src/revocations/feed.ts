import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { firstIdOf } from '../crypto/ids.ts';
import type { Bell } from '../db/bell.ts';
import type { Database } from '../db/types.ts';
import { Problem } from '../problem.ts';
import type { Clock } from '../time.ts';
import { type Cursor, parseSnapshot, type Snapshot } from './cursor.ts';
import * as queries from './queries.ts';
import { type Revocation, revocationsOf } from './rules.ts';

/** Finds what a lost ring missed, and shows that the database still answers. */
const POLL_MS = 1_000;
const PAGE = 1_000;
const BEFORE_ALL = { tx: '0', id: '00000000-0000-0000-0000-000000000000' };

/** Somebody who must be told. */
export type Listener = {
  /** Whose it is: the id of an API key. */
  owner: string;
  /** Called after every look at the database, also when nothing is new; up to `cursor` all was told then. */
  tell(revocations: Revocation[], cursor: Cursor): void;
  /** The node stops. */
  end(): void;
};

/** Reads what revokes from the spine, once for all streams of this node, and only while there are any. */
export type Feed = {
  /** From its return on the listener is told of everything committed after the returned cursor. Throws `busy` at the end. */
  join(listener: Listener): Promise<Cursor>;
  leave(listener: Listener): void;
  countOf(owner: string): number;
  /** What became visible after this place, in pages; each committed before the call is among them. */
  after(cursor: Cursor): AsyncGenerator<Revocation[]>;
  /** As `after`, for events of `since` or later. */
  since(since: Date): AsyncGenerator<Revocation[]>;
  close(): void;
};

type Parts = { db: Kysely<Database>; clock: Clock; log: Logger; bell: Bell; heartbeat: number };

export function openFeed({ db, clock, log, bell, heartbeat }: Parts): Feed {
  const listeners = new Set<Listener>();
  let cursor: Cursor | undefined;
  let isDue = false;
  let isClosed = false;
  let looking: Promise<void> | undefined;
  let poll: NodeJS.Timeout | undefined;

  function tellAll(rows: queries.RevokingRow[], upTo: Cursor): void {
    const revocations = rows.flatMap(revocationsOf);
    for (const listener of listeners) listener.tell(revocations, upTo);
  }

  async function look(): Promise<void> {
    const at = clock.now();
    if (!cursor) {
      cursor = { snapshot: read(await queries.readSnapshot(db)), at };
      return tellAll([], cursor);
    }
    let place: queries.Place = BEFORE_ALL;
    let seen: Snapshot | undefined;
    for (;;) {
      const { snapshot, rows } = await queries.findAfter(db, cursor.snapshot, place, PAGE);
      // Later pages may show more than the first; what they hide is behind the first one's snapshot.
      seen ??= read(snapshot);
      const last = rows.length === PAGE ? rows.at(-1) : undefined;
      if (!last) {
        cursor = { snapshot: seen, at };
        return tellAll(rows, cursor);
      }
      tellAll(rows, cursor);
      place = last;
    }
  }

  async function run(): Promise<void> {
    try {
      while (isDue) {
        isDue = false;
        await look();
      }
    } finally {
      looking = undefined;
    }
  }

  /** Looks once more, and ends after a look that began after this call. */
  async function lookAgain(): Promise<void> {
    isDue = true;
    looking ??= run();
    await looking;
  }

  function wake(): void {
    if (listeners.size === 0) return;
    lookAgain().catch((error) => log.warn({ err: error }, 'revocations not read'));
  }

  function leave(listener: Listener): void {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(poll);
    poll = undefined;
  }

  bell.onRing('revocations', wake);

  return {
    async join(listener) {
      if (isClosed) throw new Problem('busy', { retryAfter: 1 });
      if (listeners.size === 0) cursor = undefined;
      listeners.add(listener);
      poll ??= setInterval(wake, Math.min(POLL_MS, heartbeat / 2)).unref();
      try {
        await lookAgain();
      } catch (error) {
        leave(listener);
        throw error;
      }
      return cursor as Cursor;
    },
    leave,
    countOf: (owner) => [...listeners].filter((listener) => listener.owner === owner).length,
    async *after({ snapshot }) {
      yield* pages((place) => queries.findAfter(db, snapshot, place, PAGE).then(({ rows }) => rows));
    },
    async *since(since) {
      yield* pages((place) => queries.findSince(db, place.id, PAGE), { tx: '0', id: firstIdOf(since) });
    },
    close() {
      isClosed = true;
      for (const listener of listeners) listener.end();
      clearInterval(poll);
    },
  };
}

async function* pages(read: (place: queries.Place) => Promise<queries.RevokingRow[]>, from = BEFORE_ALL) {
  for (let place: queries.Place = from; ; ) {
    const rows = await read(place);
    yield rows.flatMap(revocationsOf);
    const last = rows.at(-1);
    if (rows.length < PAGE || !last) return;
    place = last;
  }
}

function read(text: string): Snapshot {
  const snapshot = parseSnapshot(text);
  if (!snapshot) throw new Error(`no snapshot: ${text}`);
  return snapshot;
}
