import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { heldProblem, passAlone } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { isDoubted } from '../windows/windows.ts';
import * as queries from './queries.ts';
import { gateAction } from './rules.ts';

type TransactionRow = queries.TransactionRow;
type Outcome = NonNullable<TransactionRow['outcome']>;

/**
 * The host tells what became of a transaction, once, and later that what was completed was reversed (a chargeback); the same
 * again changes nothing. Throws `not-found`, `transaction-settled`.
 */
export async function endTransaction(
  ctx: Context,
  transactionId: string,
  outcome: Outcome,
  apiKeyId: string,
  client: Client,
): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.db, ctx.ring, async (trx) => {
    const ended = await queries.endTransaction(trx, transactionId, outcome, now);
    if (!ended) {
      const standing = await queries.findTransaction(trx, transactionId);
      if (!standing) throw new Problem('not-found');
      if (standing.outcome !== outcome) throw new Problem('transaction-settled');
      return;
    }
    const actor = { kind: 'host', id: apiKeyId } as const;
    const detail = { transactionId, outcome, decision: ended.decision };
    await record(trx, { type: 'transaction.ended', actor, accountId: ended.account_id, client, detail }, now);
  });
}

/**
 * An agent decides what was parked for review, once. Nobody allows what a hold stops, what the owner disowned, or what came
 * to be while somebody else may have been in the account. Throws `not-found`, `transaction-settled`, `account-held`,
 * `transaction-doubted`.
 */
export async function decideReviewed(
  ctx: Context,
  id: string,
  { decision, note }: { decision: 'allow' | 'deny'; note: string },
  agentId: string,
  client: Client,
): Promise<TransactionRow> {
  const now = ctx.clock.now();
  const asked = await queries.findById(ctx.urgentDb, id);
  if (!asked) throw new Problem('not-found');
  const { account_id: accountId, transaction_id: transactionId } = asked;
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const passage = await passAlone(trx, accountId, gateAction(asked.kind) ?? 'case-access', now);
    if (!passage) throw new Problem('not-found');
    const row = await queries.lockTransaction(trx, id, accountId);
    if (row?.status !== 'pending-review') throw new Problem('transaction-settled');
    if (decision === 'allow') {
      if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
      if (row.marked_mine === false || (await isDoubted(trx, accountId, row.occurred_at)))
        throw new Problem('transaction-doubted');
    }
    const decided = await queries.decideReviewed(trx, id, decision, now);
    const actor = { kind: 'agent', id: agentId } as const;
    const detail = { transactionId, decision, reason: 'reviewed', note } as const;
    await record(trx, { type: 'transaction.resolved', actor, accountId, client, detail }, now);
    return decided;
  });
}
