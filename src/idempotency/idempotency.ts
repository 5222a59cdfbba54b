import type { Context } from '../context.ts';
import { Problem } from '../problem.ts';
import { DAY, MINUTE, plus } from '../time.ts';
import * as queries from './queries.ts';

type Kept = { status: number; body: string; contentType: string };
type Ticket = { caller: string; key: string; requestHash: Buffer };

const rowOf = ({ caller, key }: Ticket) => `idempotency_keys.answer:${caller}:${key}` as const;

/** What makes two requests the same. Keyed, since a body can hold a password that a plain hash would let one guess. */
export function fingerprint(ctx: Context, method: string, path: string, body: string): Buffer {
  return ctx.keys.hash('idempotency', `${method} ${path}\n${body}`);
}

/**
 * Claims the key for this request, or returns the answer kept for it. Throws `idempotency-key-reused` for another body
 * and `idempotency-key-in-flight` while the first request runs; one lost in a crash frees its key after a minute.
 */
export async function begin(ctx: Context, ticket: Ticket): Promise<Kept | undefined> {
  const now = ctx.clock.now();
  const isOurs = await queries.claimKey(ctx.db, ticket, now, plus(now, MINUTE), plus(now, -DAY));
  if (isOurs) return undefined;
  const row = await queries.findKey(ctx.db, ticket);
  if (!row) return await begin(ctx, ticket);
  if (!row.request_hash.equals(ticket.requestHash)) throw new Problem('idempotency-key-reused');
  if (row.answer === null) throw new Problem('idempotency-key-in-flight', { retryAfter: 1 });
  return JSON.parse(ctx.keys.decrypt(row.answer, rowOf(ticket))) as Kept;
}

/** Keeps the answer, encrypted, for 24 hours. A failure of ours is not kept: it may be tried again. */
export async function finish(ctx: Context, ticket: Ticket, kept: Kept): Promise<void> {
  if (kept.status >= 500 || kept.status === 429) return await queries.freeKey(ctx.db, ticket);
  await queries.keepAnswer(ctx.db, ticket, kept.status, ctx.keys.encrypt(JSON.stringify(kept), rowOf(ticket)));
}
