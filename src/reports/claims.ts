import { findCase } from '../cases/cases.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';

export type Claim = queries.ReportRow;

/** What strangers said in this case, and whether the owner stands by it. The reading is an event. Throws `not-found`. */
export async function listClaims(ctx: Context, caseId: string, agentId: string, client: Client): Promise<Claim[]> {
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await findCase(trx, caseId);
    if (!theCase) throw new Problem('not-found');
    const actor = { kind: 'agent', id: agentId } as const;
    const about = { accountId: theCase.account_id, caseId, client };
    await record(trx, { type: 'account.read', actor, ...about, detail: { view: 'claims' } }, ctx.clock.now());
    return await queries.listReports(trx, caseId);
  });
}
