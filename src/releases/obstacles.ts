import type { Transaction } from 'kysely';
import { type CaseRow, findCase } from '../cases/cases.ts';
import { findOpenCase } from '../cases/open-case.ts';
import { hasOwnerReported } from '../cases/reported.ts';
import type { Database } from '../db/types.ts';
import { findHolds } from '../holds/gate.ts';
import { findMissing } from '../playbooks/playbook.ts';
import { Problem } from '../problem.ts';
import { findStanding } from '../verifications/standing.ts';
import type * as queries from './queries.ts';
import { liftingOf } from './rules.ts';

/** Why agents lift a hold. */
export const releaseReasons = ['restored', 'mistake', 'false-positive'] as const;
export type ReleaseReason = (typeof releaseReasons)[number];

/** What stands against a release: how a wish for it ends, and what whoever asks is told. */
export type Obstacle = { end: 'released' | 'not-ready' | 'contested'; problem: Problem };

/**
 * What stands against lifting this hold now, asked when it is wished for, agreed to and done. `restored` takes a complete
 * playbook; the other reasons say that nothing happened, so they are closed to agents once the owner says that something did.
 */
export async function findObstacle(
  trx: Transaction<Database>,
  hold: queries.HoldRow,
  reason: ReleaseReason,
  now: Date,
): Promise<Obstacle | undefined> {
  if (isOver(hold, now)) return { end: 'released', problem: new Problem('already-released') };
  if (reason !== 'restored') {
    return (await isContested(trx, hold.account_id, now))
      ? { end: 'contested', problem: new Problem('hold-contested') }
      : undefined;
  }
  const missing = await findMissingFor(trx, hold, now);
  if (missing.length === 0) return undefined;
  return { end: 'not-ready', problem: new Problem('step-not-ready', { members: { missing } }) };
}

async function findMissingFor(trx: Transaction<Database>, hold: queries.HoldRow, now: Date): Promise<string[]> {
  const theCase = await findCaseOf(trx, hold);
  // Without a case there is no playbook that could be complete.
  if (!theCase) return ['case'];
  const missing = new Set(await findMissing(trx, theCase, 'restored', now));
  const lifting = liftingOf(hold);
  const isUnverified =
    lifting !== 'nobody' && lifting.isAfterVerification && (await findStanding(trx, theCase.id)).level !== 'verified';
  if (isUnverified) missing.add('identity-verified');
  return [...missing];
}

/** Where the way back from a hold is worked on: its case, or in place of one about many the account's own open takeover. */
export async function findCaseOf(
  trx: Transaction<Database>,
  hold: Pick<queries.HoldRow, 'account_id' | 'case_id'>,
): Promise<CaseRow | undefined> {
  if (hold.case_id === null) return undefined;
  return (await findCase(trx, hold.case_id)) ?? (await findOpenCase(trx, hold.account_id, 'takeover'));
}

/** Whether the owner says that something did happen: by a report, or by a hold of their own. */
export async function isContested(trx: Transaction<Database>, accountId: string, now: Date): Promise<boolean> {
  const hasOwnHold = (await findHolds(trx, accountId, now)).some(({ source }) => source === 'owner');
  return hasOwnHold || (await hasOwnerReported(trx, accountId));
}

function isOver(hold: queries.HoldRow, now: Date): boolean {
  return hold.released_at !== null || (hold.until !== null && hold.until <= now);
}
