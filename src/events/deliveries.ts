import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { Problem } from '../problem.ts';
import { HOUR, MINUTE, plus, SECOND } from '../time.ts';
import * as queries from './delivery-queries.ts';
import { type Actor, record } from './record.ts';

export type Claimed = queries.Claimed;
export type DeliveryRow = queries.DeliveryRow;

export const LEASE = 10 * SECOND;

/** Waits before the second, third, … attempt: quick at first, since an urgent ticket is one of these. */
const delays = [
  1 * SECOND,
  5 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  24 * HOUR,
];

/** What a channel answers when it could not deliver. The text is shown to agents: no secret, no body. */
export class DeliveryError extends Error {
  readonly isPermanent: boolean;
  readonly retryAfter: number | undefined;

  constructor(message: string, options: { isPermanent?: boolean; retryAfter?: number | undefined } = {}) {
    super(message);
    this.isPermanent = options.isPermanent ?? false;
    this.retryAfter = options.retryAfter;
  }
}

/** Takes up to `most` due deliveries for this worker; nobody else gets them while the lease lasts. */
export async function claimDeliveries(
  ctx: Context,
  worker: string,
  kind: Claimed['kind'],
  most: number,
): Promise<Claimed[]> {
  const now = ctx.clock.now();
  return await queries.claimDeliveries(ctx.db, worker, kind, most, now, plus(now, LEASE));
}

/** Keeps the lease while a slow channel is still being talked to. */
export async function renewLeases(ctx: Context, worker: string, ids: string[]): Promise<void> {
  if (ids.length > 0) await queries.renewLeases(ctx.db, worker, ids, plus(ctx.clock.now(), LEASE));
}

/** Gives back what was claimed and not begun, so that another node need not wait for the lease. */
export async function handBack(ctx: Context, worker: string): Promise<void> {
  await queries.handBack(ctx.db, worker);
}

/** The same to another recipient, as a delivery of its own: once, however often this one is attempted. */
export async function copyDelivery(
  ctx: Context,
  delivery: Claimed,
  recipient: string,
  payload: Record<string, unknown>,
): Promise<void> {
  const now = ctx.clock.now();
  await queries.copyDelivery(ctx.db, delivery, { id: newId(now), recipient, payload: JSON.stringify(payload) }, now);
}

export async function markDelivered(ctx: Context, id: string): Promise<void> {
  await queries.markDelivered(ctx.db, id, ctx.clock.now());
}

/** Plans the next attempt, or gives up where there is none left; giving up is an event. */
export async function markFailed(ctx: Context, delivery: Claimed, error: DeliveryError): Promise<void> {
  const now = ctx.clock.now();
  const delay = delays[delivery.attempts - 1];
  if (!error.isPermanent && delay !== undefined) {
    const wait = Math.max(error.retryAfter ?? 0, delay);
    await queries.postpone(ctx.db, delivery, plus(now, wait), error.message);
    return;
  }
  await transact(ctx.db, ctx.ring, async (trx) => {
    if (!(await queries.giveUp(trx, delivery, now, error.message))) return;
    const detail = { deliveryId: delivery.id, kind: delivery.kind, reaction: delivery.reaction, error: error.message };
    await record(
      trx,
      { type: 'delivery.failed', actor: { kind: 'system' }, caseId: delivery.case_id ?? undefined, detail },
      now,
    );
  });
}

/** An agent sends a failed delivery again, from its first attempt. Throws `not-found`. */
export async function replay(ctx: Context, id: string, actor: Actor, client: Client): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    if (!(await queries.replay(trx, id, now))) throw new Problem('not-found');
    await record(trx, { type: 'delivery.replayed', actor, client, detail: { deliveryId: id } }, now);
  });
  ctx.ring('deliveries');
}

export async function listDeliveries(
  ctx: Context,
  status: queries.Status | undefined,
  limit: number,
  before: string | undefined,
): Promise<DeliveryRow[]> {
  return await queries.listDeliveries(ctx.urgentDb, status, limit, before);
}
