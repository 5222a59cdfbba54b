import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { type KeyRing, makeKey, type OpenKey, openKeyRing } from '../crypto/keys.ts';
import type { Wrapping } from '../crypto/wrapping.ts';
import type { Database } from '../db/types.ts';
import { type Clock, SECOND } from '../time.ts';
import * as queries from './queries.ts';
import type { Purpose } from './rules.ts';

export type KeyRow = queries.KeyRow;

const POLL_MS = SECOND;
const LOOK_AGAIN_MS = SECOND;

type KeyStore = {
  keys: KeyRing;
  /** To be called when another node or a command changed the keys. */
  follow(): Promise<void>;
  close(): Promise<void>;
};
type Parts = { db: Kysely<Database>; wrapping: Wrapping; overlap: number; clock: Clock; log: Logger };

/**
 * The ring of one node. It makes the keys that a new database lacks, once across all nodes, and follows what other nodes
 * and commands do to them: a notification says so at once, a poll finds what that missed. Throws WrongSecretError.
 */
export async function openKeys(parts: Parts): Promise<KeyStore> {
  const { db, wrapping, overlap, clock, log } = parts;
  const first = (await findOrMakeKeys(db, wrapping, clock.now())).map((row) => openKey(row, wrapping));
  let known = new Map(first.map((key) => [key.id, key]));
  let running: Promise<void> | undefined;
  let isStale = false;
  let looked = Number.NEGATIVE_INFINITY;

  async function read(): Promise<void> {
    do {
      isStale = false;
      const rows = await queries.listKeys(db);
      if (rows.map(markOf).join() === [...known.values()].map(markOf).join()) continue;
      const opened = rows.flatMap((row) => reopen(row, known.get(row.id)) ?? []);
      known = new Map(opened.map((key) => [key.id, key]));
      ring.replace(opened);
    } while (isStale);
  }

  /** A key already open stays so whatever secret wraps it now: a node on the old secret works on until its restart. */
  function reopen(row: KeyRow, open: OpenKey | undefined): OpenKey | undefined {
    if (open && (open.retired_at === null) === (row.retired_at === null)) return { ...row, material: open.material };
    try {
      return openKey(row, wrapping);
    } catch (error) {
      log.error({ err: error, keyId: row.id }, 'a key of another secret: this node must be restarted with it');
      return undefined;
    }
  }

  async function reload(): Promise<void> {
    isStale = true;
    running ??= read().finally(() => {
      running = undefined;
    });
    await running;
  }

  async function lookAgain(): Promise<void> {
    const now = performance.now();
    if (now - looked < LOOK_AGAIN_MS) return await running;
    looked = now;
    await reload();
  }

  const ring = openKeyRing(first, { clock, overlap, reload, lookAgain });
  const follow = () => reload().catch((error) => log.warn({ err: error }, 'keys not read'));
  const poll = setInterval(() => void follow(), POLL_MS).unref();
  return {
    keys: ring,
    follow,
    async close() {
      clearInterval(poll);
      await running?.catch(() => undefined);
    },
  };
}

/** Everything about a key that can change. */
const markOf = (key: Omit<OpenKey, 'material'>) =>
  [key.id, +key.used_from, +(key.retired_at ?? 0), +(key.revoked_at ?? 0)].join(' ');

async function findOrMakeKeys(db: Kysely<Database>, wrapping: Wrapping, now: Date): Promise<KeyRow[]> {
  return await db.transaction().execute(async (trx) => {
    await queries.lockKeys(trx);
    const present = await queries.listKeys(trx);
    const missing = (['signing', 'encryption', 'hashing'] as const).filter(
      (purpose) =>
        !present.some((row) => row.purpose === purpose && row.retired_at === null && row.revoked_at === null),
    );
    const made = missing.map((purpose) => wrapKey(makeKey(purpose, now, now), present, wrapping));
    if (made.length > 0) await queries.insertKeys(trx, made);
    return [...present, ...made];
  });
}

/** As a row. It is wrapped by the secret that wraps the others: nodes that were not given the new one yet can read it. */
export function wrapKey({ material, ...key }: OpenKey, others: readonly KeyRow[], wrapping: Wrapping): KeyRow {
  return { ...key, ...wrapping.wrap(material, contextOf(key), others.at(-1)?.secret_id) };
}

/** Throws WrongSecretError for a key wrapped by a secret that this process was not given. */
export function openKey(row: KeyRow, wrapping: Wrapping): OpenKey {
  const { wrapped, secret_id, ...key } = row;
  return { ...key, material: wrapping.unwrap(row, contextOf(row)) };
}

/** What a wrapped key is bound to: a row cannot stand in for another, nor a public half for a private one. */
export function contextOf({
  id,
  purpose,
  retired_at,
}: {
  id: string;
  purpose: Purpose;
  retired_at: Date | null;
}): string {
  return `keys:${id}:${purpose}${retired_at === null ? '' : ':public'}`;
}
