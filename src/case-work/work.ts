import { canHandleCases } from '../agents/colleagues.ts';
import { requireUninvolved } from '../appeals/appeals.ts';
import { type AnyCaseRow, findAnyCase, insertAgentMessage, lockAnyOpenCase, type MessageRow } from '../cases/cases.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { DAY, plus } from '../time.ts';
import * as queries from './queries.ts';

/** Who works on which case, and from where. */
export type Worker = { caseId: string; agentId: string; client: Client };

export const agentActor = (agentId: string) => ({ kind: 'agent', id: agentId }) as const;

/** What an event of this case is about: an account, unless it is about many. */
export const accountOf = ({ account_id }: { account_id: string | null }) => account_id ?? undefined;

/**
 * Takes an open case that nobody has: of many at once, one gets it. Throws `not-found`, `case-closed`,
 * `second-person-required` for whom an appeal excludes, and `case-claimed` for all others, whoever has it.
 */
export async function claimCase(ctx: Context, { caseId, agentId, client }: Worker): Promise<AnyCaseRow> {
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await requireUninvolved(trx, caseId, agentId);
    const claimed = await queries.claim(trx, caseId, agentId);
    if (!claimed) throw refusalOf(await findAnyCase(trx, caseId));
    const accountId = accountOf(claimed);
    const event = { type: 'case.claimed', actor: agentActor(agentId), accountId, caseId, client, detail: {} } as const;
    await record(trx, event, ctx.clock.now());
    return claimed;
  });
}

function refusalOf(theCase: AnyCaseRow | undefined): Problem {
  if (!theCase) return new Problem('not-found');
  if (theCase.closed_at) return new Problem('case-closed');
  return new Problem('case-claimed', { members: { assignee: theCase.assignee_id } });
}

/** Gives a case to an agent, or to nobody. Throws `not-found`, `case-closed`, `invalid-request` for who cannot work on it. */
export async function assignCase(
  ctx: Context,
  { caseId, agentId, client }: Worker,
  to: string | null,
): Promise<AnyCaseRow> {
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const accountId = accountOf(await lockAnyOpenCase(trx, caseId));
    if (to !== null) await requireUninvolved(trx, caseId, to);
    if (to !== null && !(await canHandleCases(trx, to))) {
      throw new Problem('invalid-request', {
        errors: [{ pointer: '/agentId', detail: 'is nobody who handles cases' }],
      });
    }
    const assigned = await queries.change(trx, caseId, { assignee_id: to });
    const actor = agentActor(agentId);
    await record(trx, { type: 'case.assigned', actor, accountId, caseId, client, detail: { to } }, ctx.clock.now());
    return assigned;
  });
}

/** Writes something down for other agents; its owner never sees it. Throws `not-found`, `case-closed`. */
export async function addNote(ctx: Context, { caseId, agentId, client }: Worker, body: string): Promise<MessageRow> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const accountId = accountOf(await lockAnyOpenCase(trx, caseId));
    const note = await insertAgentMessage(trx, { caseId, agentId, kind: 'note', body }, now);
    const actor = agentActor(agentId);
    await record(
      trx,
      { type: 'case.note-added', actor, accountId, caseId, client, detail: { messageId: note.id } },
      now,
    );
    return note;
  });
}

const LONGEST = 30 * DAY;

/**
 * Sets a case aside until then; it comes back by itself, and sooner when its owner writes. `null` takes it back at once.
 * Throws `not-found`, `case-closed`, and `invalid-request` for a time past what is promised.
 */
export async function snoozeCase(
  ctx: Context,
  { caseId, agentId, client }: Worker,
  until: Date | null,
): Promise<AnyCaseRow> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await lockAnyOpenCase(trx, caseId);
    if (until) requireInTime(until, theCase, now);
    const snoozed = await queries.change(trx, caseId, { snoozed_until: until });
    const event = { type: 'case.snoozed', actor: agentActor(agentId), accountId: accountOf(theCase) } as const;
    await record(trx, { ...event, caseId, client, detail: { until: until?.toISOString() ?? null } }, now);
    return snoozed;
  });
}

function requireInTime(until: Date, { due_at: dueAt }: AnyCaseRow, now: Date): void {
  const latest = new Date(Math.min(dueAt.getTime(), plus(now, LONGEST).getTime()));
  if (until > now && until <= latest) return;
  const detail = until <= now ? 'must lie ahead' : `must not pass ${latest.toISOString()}`;
  throw new Problem('invalid-request', { errors: [{ pointer: '/until', detail }] });
}
