import { findCase } from '../cases/cases.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';

export type Liability = queries.LiabilityRow;

/**
 * What decides who bears the loss of each transaction that was disowned (PSD2 72, 74): whether the payer was authenticated
 * with two factors and by which, on which device and since when it was known, when the owner reported it, and whether it was
 * carried out after that. Derived from the transactions and the spine; the reading is an event. Throws `not-found`.
 */
export async function listLiability(
  ctx: Context,
  caseId: string,
  agentId: string,
  client: Client,
): Promise<Liability[]> {
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await findCase(trx, caseId);
    if (!theCase) throw new Problem('not-found');
    const { account_id: accountId } = theCase;
    const actor = { kind: 'agent', id: agentId } as const;
    const detail = { view: 'liability' };
    await record(trx, { type: 'account.read', actor, accountId, caseId, client, detail }, ctx.clock.now());
    return await queries.listLiability(trx, accountId);
  });
}
