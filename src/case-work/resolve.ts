import type { Transaction } from 'kysely';
import { requireUninvolved } from '../appeals/appeals.ts';
import { findUnfinished } from '../bulk-freezes/of-case.ts';
import { type AnyCaseRow, findAnyCase, listAllMessages, lockAnyOpenCase, lockOpenCase } from '../cases/cases.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { findMissing, listEndlessHolds } from '../playbooks/playbook.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { accountOf, agentActor, type Worker } from './work.ts';

/** How a case ends: it was so, it was nothing, it is done, or what was asked for is refused. */
export const outcomes = ['confirmed', 'false-positive', 'solved', 'declined'] as const;
type Verdict = { outcome: (typeof outcomes)[number]; note: string };

/**
 * Ends a case. What its playbook asks for must be so; a false alarm asks only that no hold of it stands and that its owner
 * reported nothing, and one about many that its bulk freeze is over. Throws `not-found`, `case-closed`, `step-not-ready` with `missing`, `invalid-request`.
 */
export async function resolveCase(ctx: Context, worker: Worker, { outcome, note }: Verdict): Promise<AnyCaseRow> {
  const { caseId, agentId, client } = worker;
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await lockWithAccount(trx, caseId, now);
    await requireUninvolved(trx, caseId, agentId);
    const missing = await findMissingFor(trx, theCase, outcome, now);
    if (missing.length > 0) throw new Problem('step-not-ready', { members: { missing } });
    const closed = await queries.change(trx, caseId, {
      ...{ closed_at: now, closed_by: agentId, outcome, outcome_note: note },
      ...{ snoozed_until: null },
    });
    const event = { type: 'case.resolved', actor: agentActor(agentId), accountId: accountOf(theCase) } as const;
    await record(trx, { ...event, caseId, client, detail: { outcome, note }, payload: { device: '', ip: '' } }, now);
    return closed;
  });
}

async function findMissingFor(
  trx: Transaction<Database>,
  { account_id, ...rest }: AnyCaseRow,
  outcome: Verdict['outcome'],
  now: Date,
): Promise<string[]> {
  if (account_id === null) return await findUnfinished(trx, rest.id);
  const theCase = { ...rest, account_id };
  const holds = await listEndlessHolds(trx, theCase.id, now);
  const held = holds.length > 0 ? ['holds-released'] : [];
  if (outcome !== 'false-positive') return [...(await findMissing(trx, theCase, 'closed', now)), ...held];
  const said = await listAllMessages(trx, theCase.id);
  if (said.some(({ kind }) => kind === 'report')) throw notFalse();
  return held;
}

function notFalse(): Problem {
  const detail = 'its owner reported this: it is no false alarm';
  return new Problem('invalid-request', { errors: [{ pointer: '/outcome', detail }] });
}

type Decision = { decision: 'granted' | 'refused'; note: string };

/** Decides once whether the money is given back (PSD2 73). Throws `not-found`, `case-closed`, `no-refund-due`, `refund-decided`. */
export async function decideRefund(ctx: Context, worker: Worker, { decision, note }: Decision): Promise<AnyCaseRow> {
  const { caseId, agentId, client } = worker;
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await lockOpenCase(trx, caseId);
    await requireUninvolved(trx, caseId, agentId);
    if (!theCase.refund_due_at) throw new Problem('no-refund-due');
    if (theCase.refund_decided_at) throw new Problem('refund-decided');
    const decided = await queries.change(trx, caseId, { refund_decision: decision, refund_decided_at: now });
    const event = { type: 'case.refund-decided', actor: agentActor(agentId), accountId: theCase.account_id } as const;
    await record(trx, { ...event, caseId, client, detail: { decision, note }, payload: { device: '', ip: '' } }, now);
    return decided;
  });
}

/** The open case, and its account, if it is of one, to itself: what closes a case changes what its window doubts. */
async function lockWithAccount(trx: Transaction<Database>, caseId: string, now: Date): Promise<AnyCaseRow> {
  const found = await findAnyCase(trx, caseId);
  const passage = found && (found.account_id === null || (await passAlone(trx, found.account_id, 'case-access', now)));
  if (!passage) throw new Problem('not-found');
  return await lockAnyOpenCase(trx, caseId);
}
