import type { Transaction } from 'kysely';
import type { Power } from '../agents/rules.ts';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import type { Actor } from '../events/record.ts';
import { voidLinksAbout } from '../links/links.ts';
import { Problem } from '../problem.ts';
import { findObstacle, type Obstacle, type ReleaseReason } from './obstacles.ts';
import * as queries from './queries.ts';
import { releaseWithin } from './release.ts';
import { liftingOf } from './rules.ts';

/** A release that two people wished for. */
type Agreed = {
  id: string;
  subject_id: string | null;
  reason_code: ReleaseReason | null;
  reason: string;
  requested_by: string;
  decided_by: string | null;
};

/** What the second person must be to lift this very hold. Throws `hold-not-releasable`. */
export async function findReleaseApprover(trx: Transaction<Database>, approval: Agreed): Promise<Power> {
  const lifting = liftingOf((await readHold(trx, approval)).hold);
  if (lifting === 'nobody') throw new Problem('hold-not-releasable');
  return lifting.approver;
}

export async function findReleaseObstacle(
  trx: Transaction<Database>,
  approval: Agreed,
  now: Date,
): Promise<Obstacle | undefined> {
  const { hold, reason } = await readHold(trx, approval);
  return await findObstacle(trx, hold, reason, now);
}

/** Lifts the hold, in the transaction of the second person's yes or when the owner's time for a veto is over. */
export async function releaseAsAgreed(
  trx: Transaction<Database>,
  ctx: Context,
  approval: Agreed,
  { actor, client }: { actor: Actor; client?: Client | undefined },
  now: Date,
): Promise<void> {
  const { hold, reason } = await readHold(trx, approval);
  const { id, requested_by, decided_by, reason: note } = approval;
  await voidLinksAbout(trx, { accountId: hold.account_id, subjectId: id, purpose: 'veto' }, now);
  await releaseWithin(trx, ctx, hold, { reason, actor, by: decided_by ?? requested_by, client, note }, now);
}

async function readHold(
  trx: Transaction<Database>,
  { subject_id, reason_code }: Agreed,
): Promise<{ hold: queries.HoldRow; reason: ReleaseReason }> {
  const hold = subject_id === null ? undefined : await queries.findHold(trx, subject_id);
  if (!hold || reason_code === null) throw new Error('a release names its hold and its reason');
  return { hold, reason: reason_code };
}
