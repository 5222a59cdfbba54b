import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { type Actor, record } from '../events/record.ts';
import { findHolds, passAlone } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { HOUR, plus } from '../time.ts';
import * as queries from './queries.ts';
import { releaseWithin } from './release.ts';
import { liftingOf } from './rules.ts';

/** A hold must have stood so long: time for everybody else to act. */
const AFTER = 24 * HOUR;

type Which = { accountId: string; holdId?: string | undefined; note: string };
export type Broken = {
  accountId: string;
  released: string[];
  left: { holdId: string; why: 'too-early' | 'ends-by-itself' }[];
};

/**
 * Lifts one hold, or all of an account, at the machine itself, where nobody else can: those of a policy end by themselves, and
 * none younger than 24 hours. The owner and everybody who works here are told. Throws `not-found`, `already-released`.
 */
export async function breakGlass(ctx: Context, { accountId, holdId, note }: Which, actor: Actor): Promise<Broken> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    if (!(await passAlone(trx, accountId, 'case-access', now))) throw new Problem('not-found');
    const standing = await findHolds(trx, accountId, now);
    const named = standing.filter(({ id }) => holdId === undefined || id === holdId);
    if (holdId !== undefined && named.length === 0) throw new Problem('already-released');
    const left = named.flatMap((hold) => {
      const why = whyNot(hold, now);
      return why ? [{ holdId: hold.id, why }] : [];
    });
    const released = named.filter((hold) => !whyNot(hold, now));
    for (const hold of released) await releaseWithin(trx, ctx, hold, { reason: 'break-glass', actor, note }, now);
    const holdIds = released.map(({ id }) => id);
    if (holdIds.length > 0) {
      const caseId = released.find(({ case_id }) => case_id !== null)?.case_id ?? undefined;
      await record(trx, { type: 'break-glass.used', actor, accountId, caseId, detail: { holdIds, note } }, now);
    }
    return { accountId, released: holdIds, left };
  });
}

function whyNot(hold: queries.HoldRow, now: Date): Broken['left'][number]['why'] | undefined {
  if (liftingOf(hold) === 'nobody') return 'ends-by-itself';
  return plus(hold.since, AFTER) > now ? 'too-early' : undefined;
}

/** Whose hold this is. Throws `not-found`. */
export async function findHoldOwner(ctx: Context, holdId: string): Promise<string> {
  const hold = await queries.findHold(ctx.urgentDb, holdId);
  if (!hold) throw new Problem('not-found');
  return hold.account_id;
}
