import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { endApproval } from './end.ts';
import * as queries from './queries.ts';

type Veto = { id: string; accountId: string; client: Client };

/**
 * The owner's no, under the account's lock: it wins until the thing is carried out, also after its time. The reference of
 * its case, if it has one; undefined, and nothing written, where it is over.
 */
export async function vetoApproval(
  trx: Transaction<Database>,
  { id, accountId, client }: Veto,
  now: Date,
): Promise<{ caseReference?: string } | undefined> {
  const actor = { kind: 'owner', id: accountId } as const;
  const vetoed = await endApproval(trx, id, { reason: 'vetoed', actor, client }, now);
  if (!vetoed) return undefined;
  const reference = (await queries.findApproval(trx, id, now))?.case_reference;
  return reference ? { caseReference: reference } : {};
}
