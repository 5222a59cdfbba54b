import type { Transaction } from 'kysely';
import { type CaseRow, findCase, lockOpenCase } from '../cases/cases.ts';
import { raise } from '../cases/open-case.ts';
import { isMoreUrgent } from '../cases/rules.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { readPlaybook } from '../playbooks/playbook.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { agentActor, type Worker } from './work.ts';

/**
 * Puts one open case into another of the same account: what is in it follows, its ticket and its events point there, and the
 * earlier of their promises holds. Never into one that asks for less. Throws `not-found`, `case-closed`, `approval-open`,
 * `invalid-request` pointing at `into`.
 */
export async function mergeCase(
  ctx: Context,
  { caseId, agentId, client }: Worker,
  { into, note }: { into: string; note: string },
): Promise<CaseRow> {
  const now = ctx.clock.now();
  const actor = agentActor(agentId);
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const [source, target] = await lockBoth(trx, caseId, into, now);
    const { account_id: accountId } = source;
    if (await queries.hasOpenApproval(trx, caseId)) throw new Problem('approval-open');
    const own = await readPlaybook(trx, source, now);
    await queries.moveContents(trx, caseId, into);
    const merged = { ...(await queries.change(trx, into, promisesOfBoth(source, target))), account_id: accountId };
    const theirs = await readPlaybook(trx, merged, now);
    if (own.some(({ step }) => theirs.every((other) => other.step !== step)))
      throw refused('asks for less than this one');
    await queries.change(trx, caseId, {
      ...{ closed_at: now, closed_by: agentId, outcome: 'merged', outcome_note: note },
      ...{ merged_into: into, snoozed_until: null },
    });
    const detail = { into: target.reference, note };
    await record(trx, { type: 'case.merged', actor, accountId, caseId, client, detail }, now);
    if (!isMoreUrgent(source.priority, merged.priority)) return merged;
    return await raise(trx, ctx, merged, { priority: source.priority, actor, client }, now);
  });
}

async function lockBoth(
  trx: Transaction<Database>,
  from: string,
  into: string,
  now: Date,
): Promise<[CaseRow, CaseRow]> {
  const found = await findCase(trx, from);
  if (!found || !(await passAlone(trx, found.account_id, 'case-access', now))) throw new Problem('not-found');
  const other = from === into ? undefined : await findCase(trx, into);
  if (other?.account_id !== found.account_id || other.closed_at) throw refused('is no other open case of this account');
  // Whoever takes both takes the account first, so no two wait for each other.
  return [await lockOpenCase(trx, from), await lockOpenCase(trx, into)];
}

function promisesOfBoth(source: CaseRow, target: CaseRow) {
  const isRefundSources = target.refund_due_at === null;
  return {
    solve_by: earlier(source.solve_by, target.solve_by),
    refund_due_at: earlier(source.refund_due_at, target.refund_due_at),
    refund_decision: isRefundSources ? source.refund_decision : target.refund_decision,
    refund_decided_at: isRefundSources ? source.refund_decided_at : target.refund_decided_at,
    respond_by: earlier(source.first_answer_at ? null : source.respond_by, target.respond_by) ?? target.respond_by,
    snoozed_until: null,
  };
}

function earlier(one: Date | null, other: Date | null): Date | null {
  if (!one || !other) return one ?? other;
  return one < other ? one : other;
}

function refused(detail: string): Problem {
  return new Problem('invalid-request', { errors: [{ pointer: '/into', detail }] });
}
