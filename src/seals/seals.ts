import { createHash } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

const BATCH = 2_000;
const GENESIS = Buffer.alloc(32);
const BEFORE_ALL = { tx: '0', id: '00000000-0000-0000-0000-000000000000' };

/** Chains what was written since the last seal; how many events. It runs beside the requests and never slows one. */
export async function sealEvents(ctx: Context): Promise<number> {
  let sealed = 0;
  for (;;) {
    const count = await ctx.db.transaction().execute((trx) => sealBatch(trx, ctx.clock.now()));
    sealed += count;
    if (count < BATCH) return sealed;
  }
}

async function sealBatch(trx: Transaction<Database>, now: Date): Promise<number> {
  if (!(await queries.tryLockSealing(trx))) return 0;
  const last = await queries.findLastSeal(trx);
  const events = await queries.findUnsealed(trx, last?.last_tx ?? BEFORE_ALL.tx, last?.last_id ?? BEFORE_ALL.id, BATCH);
  const [first, final] = [events[0], events.at(-1)];
  if (!first || !final) return 0;
  await queries.insertSeal(trx, {
    number: (last?.number ?? 0) + 1,
    first_tx: first.tx_text,
    first_id: first.id,
    last_tx: final.tx_text,
    last_id: final.id,
    event_count: events.length,
    hash: chain(last?.hash ?? GENESIS, events),
    sealed_at: now,
  });
  return events.length;
}

type Verdict = { events: number; seals: number; head: string } | { brokenAt: number; sealedAt: Date };

/** Walks the whole chain. An edited, added or missing event breaks the seal over it; keep `head` elsewhere to see a cut tail. */
export async function verifySeals(db: Kysely<Database>): Promise<Verdict> {
  let hash: Buffer = GENESIS;
  let after = BEFORE_ALL;
  let [number, events] = [0, 0];
  for (;;) {
    const seals = await queries.findSealsAfter(db, number, 100);
    if (seals.length === 0) return { events, seals: number, head: hash.toString('hex') };
    for (const seal of seals) {
      const upTo = { tx: seal.last_tx, id: seal.last_id };
      const sealed = await queries.findSealed(db, after, upTo);
      hash = chain(hash, sealed);
      const isWhole = seal.number === number + 1 && sealed.length === seal.event_count && hash.equals(seal.hash);
      if (!isWhole || sealed.some(isForgedErasure)) return { brokenAt: seal.number, sealedAt: seal.sealed_at };
      after = upTo;
      number = seal.number;
      events += sealed.length;
    }
  }
}

/** An erased event keeps its hash and nothing else; values beside the hash are somebody's invention. */
function isForgedErasure(event: queries.SealedEvent): boolean {
  return event.erased_hash !== null && (event.detail !== '{}' || event.ip !== null || event.user_agent !== null);
}

function chain(previous: Buffer, events: queries.SealedEvent[]): Buffer {
  const hash = createHash('sha256').update(previous);
  for (const event of events) hash.update(digest(event));
  return hash.digest();
}

function digest(event: queries.SealedEvent): Buffer {
  const fixed = [
    event.id,
    event.tx_text,
    event.at.toISOString(),
    event.type,
    event.account_id,
    event.actor_kind,
    event.actor_id,
    event.session_id,
    event.device_id,
    event.case_id,
    event.request_id,
  ];
  return createHash('sha256').update(JSON.stringify(fixed)).update(erasable(event)).digest();
}

/** Detail and origin by their salted hash alone, so that it stands when they are erased. */
function erasable(event: queries.SealedEvent): Buffer {
  if (event.erased_hash) return event.erased_hash;
  return createHash('sha256')
    .update(event.salt)
    .update([event.detail, event.ip ?? '', event.user_agent ?? ''].join('\n'))
    .digest();
}
