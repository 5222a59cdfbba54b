import type { Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import * as queries from './queries.ts';

type Doubted = { accountId: string; sessionId: string; actor: Actor; caseId: string; note: string };

/** Ends one session that may be somebody else's, at once on every node, under the account's lock. Whether it was open. */
export async function endDoubted(
  trx: Transaction<Database>,
  { accountId, sessionId, actor, caseId, note }: Doubted,
  now: Date,
): Promise<boolean> {
  if (!(await queries.isOpenSessionOf(trx, sessionId, accountId))) return false;
  if (!(await queries.endSession(trx, sessionId, 'revoked-by-agent', now))) return false;
  const detail = { reason: 'revoked-by-agent', note };
  await record(trx, { type: 'session.ended', actor, accountId, sessionId, caseId, detail }, now);
  return true;
}
