import type { Speaker } from '../cases/report.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { requirePassage } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';

type Feedback = { rating: number; text?: string | undefined };

/** How the owner was served, once and after the case ended. Throws `not-found`, `case-open`, `already-said`. */
export async function giveFeedback(
  ctx: Context,
  { accountId, client }: Speaker,
  caseId: string,
  { rating, text }: Feedback,
): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await requirePassage(trx, accountId, 'case-access', now);
    const theCase = await queries.lockCase(trx, caseId, accountId);
    if (!theCase) throw new Problem('not-found');
    if (!theCase.closed_at) throw new Problem('case-open');
    const feedback = { case_id: caseId, account_id: accountId, rating, body: text ?? null, given_at: now };
    if (!(await queries.insertFeedback(trx, feedback))) throw new Problem('already-said');
    const actor = { kind: 'owner', id: accountId } as const;
    await record(trx, { type: 'case.feedback-given', actor, accountId, caseId, client, detail: { rating } }, now);
  });
}
