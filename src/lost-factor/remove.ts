import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { startCoolDown } from '../holds/freeze.ts';
import { voidLinks, voidLinksAbout } from '../links/links.ts';
import { unbindEverything } from '../second-factors/factors.ts';
import { endEverything } from '../sessions/end.ts';

type Agreed = { id: string; account_id: string; case_id: string | null };

/**
 * Unbinds every second factor and recovery code, under the account's lock. Sessions, devices and half-done sign-ins end,
 * reset links that were mailed while a factor was asked for are void, withdrawals wait, and the owner is told everywhere.
 * From then on the password stands alone: one too short for that must be changed before it opens anything.
 */
export async function removeSecondFactors(
  trx: Transaction<Database>,
  ctx: Context,
  { id, account_id: accountId, case_id: caseId }: Agreed,
  now: Date,
): Promise<void> {
  const factors = await unbindEverything(trx, accountId);
  const endedSessions = await endEverything(trx, accountId, 'second-factor-reset', now);
  await voidLinks(trx, accountId, ['reset-password', 'unlock-sign-in'], now);
  await voidLinksAbout(trx, { accountId, subjectId: id, purpose: 'veto' }, now);
  await startCoolDown(trx, ctx, accountId, undefined, now, 'recovery');
  const detail = { approvalId: id, factors, endedSessions };
  await record(
    trx,
    { type: 'second-factor.reset', actor: { kind: 'system' }, accountId, caseId: caseId ?? undefined, detail },
    now,
  );
}
