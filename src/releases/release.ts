import type { Transaction } from 'kysely';
import { hasPower } from '../agents/rules.ts';
import { askApproval } from '../approvals/ask.ts';
import { endApprovals } from '../approvals/end.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { startCoolDown } from '../holds/freeze.ts';
import { passAlone } from '../holds/gate.ts';
import { isFreeze } from '../holds/rules.ts';
import { voidLinks } from '../links/links.ts';
import { Problem } from '../problem.ts';
import type { AgentSession } from '../sessions/check.ts';
import { beginWatch } from '../watches/watches.ts';
import { findCaseOf, findObstacle, type ReleaseReason } from './obstacles.ts';
import * as queries from './queries.ts';
import { liftingOf } from './rules.ts';

type Request = { holdId: string; reasonCode: ReleaseReason; note: string; agent: AgentSession; client: Client };
type Requested = { approvalId: string | null; effectiveAt: Date | null };

/**
 * Asks for a hold to be lifted; where one person may lift it, lifts it. The table of `lifting.ts` says who may. Throws
 * `not-found`, `already-released`, `hold-not-releasable`, `forbidden`, `step-not-ready` with what is missing,
 * `hold-contested`, `approval-open`.
 */
export async function requestRelease(ctx: Context, request: Request): Promise<Requested> {
  const { holdId, reasonCode, note, agent, client } = request;
  const now = ctx.clock.now();
  const requested = await transact(ctx.urgentDb, ctx.ring, async (trx): Promise<Requested | undefined> => {
    const hold = await lockHold(trx, holdId, now);
    const lifting = liftingOf(hold);
    if (lifting === 'nobody') throw new Problem('hold-not-releasable');
    if (!hasPower(agent.role, lifting.requester)) return await noteForbidden(trx, request, now);
    const obstacle = await findObstacle(trx, hold, reasonCode, now);
    if (obstacle) throw obstacle.problem;
    if (lifting.people === 1) {
      const actor = { kind: 'agent', id: agent.agent_id } as const;
      await releaseWithin(trx, ctx, hold, { reason: reasonCode, actor, client, note }, now);
      return { approvalId: null, effectiveAt: now };
    }
    const subject = { kind: 'release-hold', accountId: hold.account_id, subjectId: holdId } as const;
    const caseId = (await findCaseOf(trx, hold))?.id ?? hold.case_id ?? undefined;
    const wish = { ...subject, caseId, reason: note, reasonCode, agentId: agent.agent_id, client };
    const approval = await askApproval(trx, ctx, wish, now);
    return { approvalId: approval.id, effectiveAt: approval.effective_at };
  });
  if (!requested) throw new Problem('forbidden');
  return requested;
}

/** As whoever lacks a role elsewhere: what is refused is an event (ASVS 16.3.2). */
async function noteForbidden(
  trx: Transaction<Database>,
  { holdId, agent, client }: Request,
  now: Date,
): Promise<undefined> {
  const actor = { kind: 'agent', id: agent.agent_id } as const;
  const detail = { path: `/v1/agent/holds/${holdId}/release` };
  await record(trx, { type: 'authorisation.failed', actor, client, detail }, now);
}

/** The hold behind its account's lock, over or not. Throws `not-found`, also where the account is closed. */
export async function lockHold(trx: Transaction<Database>, holdId: string, now: Date): Promise<queries.HoldRow> {
  const found = await queries.findHold(trx, holdId);
  const passage = found && (await passAlone(trx, found.account_id, 'case-access', now));
  const hold = passage && (await queries.findHold(trx, holdId));
  if (!hold) throw new Problem('not-found');
  return hold;
}

type Release = {
  reason: NonNullable<queries.HoldRow['release_reason']>;
  actor: Actor;
  /** Who decided it, where it is done later by nobody. */
  by?: string | undefined;
  client?: Client | undefined;
  note?: string | null | undefined;
};

/**
 * Lifts one hold under the account's lock, and no other. Every freeze link mailed before is void: the notice of this
 * carries the only new one. After a freeze withdrawals wait. What ended with the freeze stays ended. Throws
 * `already-released`.
 */
export async function releaseWithin(
  trx: Transaction<Database>,
  ctx: Context,
  { id, account_id: accountId }: Pick<queries.HoldRow, 'id' | 'account_id'>,
  { reason, actor, by, client, note }: Release,
  now: Date,
): Promise<queries.HoldRow> {
  const released = await queries.releaseHold(trx, id, { reason, by: by ?? actor.id ?? null }, now);
  if (!released) throw new Problem('already-released');
  await endApprovals(trx, { accountId, kind: 'release-hold', subjectId: id }, { reason: 'released', actor }, now);
  await voidLinks(trx, accountId, ['freeze-account'], now);
  if (isFreeze(released)) await startCoolDown(trx, ctx, accountId, client, now, 'recovery');
  const caseId = (await findCaseOf(trx, released))?.id ?? released.case_id ?? undefined;
  if (isFreeze(released) && isWatched(reason) && caseId) {
    await beginWatch(trx, ctx, { accountId, caseId }, { actor, client }, now);
  }
  const { scope, source, reason_code: reasonCode } = released;
  const detail = { holdId: id, scope, source, reasonCode, releaseReason: reason, note: note ?? null };
  // Where an agent or a node was is nothing to the owner.
  const payload = actor.kind === 'owner' ? {} : { device: '', ip: '' };
  const event = { actor, accountId, caseId, client, payload };
  await record(trx, { ...event, type: 'hold.released', detail }, now);
  return released;
}

/** Whoever takes back their own press is not watched for it, nor is one who was frozen for nothing. */
function isWatched(reason: Release['reason']): boolean {
  return reason === 'restored' || reason === 'break-glass';
}
