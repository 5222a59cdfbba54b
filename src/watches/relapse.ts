import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import * as queries from './queries.ts';

/** A freeze while it is watched is a relapse: the watch ends, and the way back begins anew. */
export async function endByRelapse(
  trx: Transaction<Database>,
  accountId: string,
  { actor, client }: { actor: Actor; client?: Client | undefined },
  now: Date,
): Promise<void> {
  const watch = await queries.findOpen(trx, accountId);
  if (!watch || !(await queries.end(trx, watch.id, { reason: 'relapsed' }, now))) return;
  const { id: watchId, case_id: caseId } = watch;
  const detail = { watchId, reason: 'relapsed' };
  await record(trx, { type: 'watch.ended', actor, accountId, caseId, client, detail, isSilent: true }, now);
}
