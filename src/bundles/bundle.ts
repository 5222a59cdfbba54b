import { findAccount, showAccount } from '../accounts/accounts.ts';
import { noteReading, readTimeline, readWhole, type TimelineEntry } from '../case-work/read.ts';
import type { Worker } from '../case-work/work.ts';
import { findCase } from '../cases/cases.ts';
import type { Context } from '../context.ts';
import { listEvidence } from '../evidence/evidence.ts';
import { Problem } from '../problem.ts';
import { listLiability } from '../transactions/liability.ts';
import * as queries from './queries.ts';

const PAGE = 500;
const MOST = 20_000;

export type Bundle = Awaited<ReturnType<typeof gatherBundle>>;

/**
 * Everything there is about a case, for whoever decides on it elsewhere: a bank, a court. Gathering it is an event. Throws
 * `not-found`.
 */
export async function gatherBundle(ctx: Context, worker: Worker) {
  const { caseId, agentId, client } = worker;
  // One about many accounts says nothing of any of them.
  if (!(await findCase(ctx.urgentDb, caseId))) throw new Problem('not-found');
  const theCase = await noteReading(ctx, worker, 'bundle');
  const accountId = String(theCase.account_id);
  const db = ctx.urgentDb;
  return {
    generatedAt: ctx.clock.now(),
    generatedBy: agentId,
    account: showAccount(await findAccount(ctx, accountId)),
    whole: await readWhole(ctx, theCase),
    timeline: await readAll(ctx, caseId),
    transactions: await queries.listTransactions(db, caseId, accountId),
    liability: await listLiability(ctx, caseId, agentId, client),
    holds: await queries.listHolds(db, caseId),
    receipts: await queries.listReceipts(db, caseId),
    evidence: await listEvidence(ctx, caseId),
  };
}

async function readAll(ctx: Context, caseId: string): Promise<TimelineEntry[]> {
  const all: TimelineEntry[] = [];
  while (all.length < MOST) {
    const page = await readTimeline(ctx, caseId, PAGE, all.at(-1)?.id);
    all.push(...page);
    if (page.length < PAGE) break;
  }
  return all;
}
