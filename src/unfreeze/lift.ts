import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import type { Actor } from '../events/record.ts';
import { findHolds, type Hold, passAlone } from '../holds/gate.ts';
import { voidLinksAbout } from '../links/links.ts';
import { releaseWithin } from '../releases/release.ts';
import { plus } from '../time.ts';
import { endUnfreeze } from './end.ts';
import * as queries from './queries.ts';
import { ownOf } from './rules.ts';
import { isGoodProof } from './standing.ts';

const BATCH = 200;
const system = { kind: 'system' } as const;

/** Lifts the owner's holds that were old enough when they wished for it; a later one stands. */
export async function liftOwnHolds(
  trx: Transaction<Database>,
  ctx: Context,
  wish: queries.UnfreezeRow,
  by: { actor: Actor; client?: Client | undefined },
  now: Date,
): Promise<void> {
  const { id, account_id: accountId } = wish;
  await voidLinksAbout(trx, { accountId, subjectId: id, purpose: 'veto' }, now);
  for (const hold of await findLiftable(trx, ctx, wish, now)) {
    await releaseWithin(trx, ctx, hold, { reason: 'owner', ...by, by: accountId }, now);
  }
}

/**
 * Carries out what waited for the owner's veto and is due. May run on any node at any time: each is done once, and what came
 * due while no node ran is caught up with.
 */
export async function carryOutUnfreezes(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  for (const wish of await queries.listDue(ctx.db, BATCH, now)) {
    await transact(ctx.db, ctx.ring, (trx) => settle(trx, ctx, wish, now)).catch((error: unknown) => {
      // The others do not wait for it.
      ctx.log.error({ err: error, unfreezeId: wish.id }, 'unfreeze not carried out');
    });
  }
}

async function settle(trx: Transaction<Database>, ctx: Context, wish: queries.UnfreezeRow, now: Date): Promise<void> {
  const { id, account_id: accountId, proven_by: kind, proof_born_at: bornAt } = wish;
  // The account first: a veto or a freeze that came before this lock has ended it.
  const passage = await passAlone(trx, accountId, 'recover', now);
  const end = (reason: queries.EndReason) => endUnfreeze(trx, { accountId, id }, { reason, actor: system }, now);
  if (!passage || passage.stoppedBy.length > 0) return void (await end('held'));
  const own = await findLiftable(trx, ctx, wish, now);
  if (own.length === 0) return void (await end('released'));
  // An agent may have learnt since that the compromise is older.
  const proof = kind && bornAt ? { kind, bornAt } : undefined;
  if (!proof || !(await isGoodProof(trx, ctx, { accountId, own, proof }, now))) return void (await end('too-new'));
  if (await queries.redeem(trx, id, now)) await liftOwnHolds(trx, ctx, wish, { actor: system }, now);
}

async function findLiftable(
  trx: Transaction<Database>,
  ctx: Context,
  { account_id: accountId, requested_at: wishedAt }: queries.UnfreezeRow,
  now: Date,
): Promise<Hold[]> {
  const own = ownOf(await findHolds(trx, accountId, now));
  return own.filter(({ since }) => plus(since, ctx.policy['unfreeze.earliest']) <= wishedAt);
}
