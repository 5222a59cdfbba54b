import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Actor, recordMany } from '../events/record.ts';
import { voidLinks } from '../links/links.ts';
import { callOffFactorResets } from '../lost-factor/call-off.ts';
import { endEverythingOf } from '../sessions/end.ts';
import { endByRelapse } from '../watches/relapse.ts';
import type { HoldRow } from './queries.ts';

/** A hold on everything that was just placed. */
type Placed = { id: string; accountId: string };
type Reason = {
  source: HoldRow['source'];
  reasonCode: HoldRow['reason_code'];
  note: string | null;
  caseId: string | undefined;
  actor: Actor;
  client?: Client | undefined;
};

/**
 * What every freeze brings beside its hold, of one account or of many at once: the end of every session, device, half-done
 * sign-in and link by which somebody could come back, and the event that tells its owner. The callers hold the accounts' locks.
 */
export async function contain(
  trx: Transaction<Database>,
  holds: readonly Placed[],
  { source, reasonCode, note, caseId, actor, client }: Reason,
  now: Date,
): Promise<void> {
  const ids = holds.map(({ accountId }) => accountId);
  const [ended] = await Promise.all([
    endEverythingOf(trx, ids, 'frozen', now),
    voidLinks(trx, ids, ['reset-password'], now),
    callOffFactorResets(trx, ids, { reason: 'frozen', actor, client }, now),
  ]);
  const events = holds.map(({ id: holdId, accountId }) => ({
    type: 'account.frozen' as const,
    ...{ actor, accountId, caseId, client },
    detail: { holdId, source, reasonCode, note, endedSessions: ended.get(accountId) ?? 0 },
  }));
  await Promise.all([recordMany(trx, events, now), endByRelapse(trx, ids, { actor, client }, now)]);
}
