import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Actor, recordMany } from '../events/record.ts';
import * as queries from './queries.ts';

/** A freeze while an account is watched is a relapse: the watch ends, and the way back begins anew. */
export async function endByRelapse(
  trx: Transaction<Database>,
  accountIds: readonly string[],
  { actor, client }: { actor: Actor; client?: Client | undefined },
  now: Date,
): Promise<void> {
  const events = (await queries.relapse(trx, accountIds, now)).map((watch) => ({
    type: 'watch.ended' as const,
    ...{ actor, accountId: watch.account_id, caseId: watch.case_id, client },
    detail: { watchId: watch.id, reason: 'relapsed' as const },
    isSilent: true,
  }));
  await recordMany(trx, events, now);
}
