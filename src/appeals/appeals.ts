import type { Kysely } from 'kysely';
import type { Speaker } from '../cases/report.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { requirePassage } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';

type Appealed = { reference: string; answerBy: Date };

/**
 * The owner disagrees with how their case ended, once: it is open again, with nobody on it, and whoever decided it hears
 * none of it any more; where there is one person alone, it is them again. Throws `not-found`, `case-open`, `already-said`.
 */
export async function appeal(ctx: Context, speaker: Speaker, caseId: string, message: string): Promise<Appealed> {
  const now = ctx.clock.now();
  const { accountId, isProven, client } = speaker;
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await requirePassage(trx, accountId, 'case-access', now);
    const theCase = await queries.lockCase(trx, caseId, accountId);
    if (!theCase) throw new Problem('not-found');
    if (!theCase.closed_at) throw new Problem('case-open');
    const answerBy = plus(now, ctx.policy['sla.appeal']);
    const twin = await queries.findOpenTwin(trx, theCase);
    const heardIn = twin ?? theCase;
    const excluded = ctx.policy['approvals.solo'] === 'true' ? null : theCase.closed_by;
    const isFirst = await queries.insertAppeal(trx, {
      case_id: caseId,
      account_id: accountId,
      excluded_id: excluded,
      heard_in: heardIn.id,
      appealed_at: now,
      answer_by: answerBy,
    });
    if (!isFirst) throw new Problem('already-said');
    await (twin ? queries.hastenCase(trx, twin.id, excluded, answerBy) : queries.reopenCase(trx, caseId, answerBy));
    await queries.insertMessage(trx, {
      id: newId(now),
      case_id: heardIn.id,
      author_kind: 'owner',
      author_id: accountId,
      kind: 'message',
      is_proven: isProven,
      body: message,
      created_at: now,
    });
    const actor = { kind: 'owner', id: accountId } as const;
    const detail = { reference: theCase.reference, answerBy: answerBy.toISOString(), isProven };
    await record(trx, { type: 'case.appealed', actor, accountId, caseId: heardIn.id, client, detail }, now);
    return { reference: heardIn.reference, answerBy };
  });
}

/** Throws `second-person-required` where this agent decided what is appealed against in the case: somebody else hears it. */
export async function requireUninvolved(db: Kysely<Database>, caseId: string, agentId: string): Promise<void> {
  if (!(await queries.isExcluded(db, caseId, agentId))) return;
  throw new Problem('second-person-required', { members: { reason: 'appeal' } });
}
