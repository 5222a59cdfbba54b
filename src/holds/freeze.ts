import type { Transaction } from 'kysely';
import { endApprovals } from '../approvals/end.ts';
import { type CaseRow, openOrJoinCase, raiseCase, requireOpenCase } from '../cases/open-case.ts';
import { issueReceipt } from '../cases/receipts.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import type { Policy } from '../policy.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import { endUnfreezes } from '../unfreeze/end.ts';
import { contain } from './contain.ts';
import * as queries from './queries.ts';
import { type CoolDownReason, coolDown, isFreeze, type Scope, type Source } from './rules.ts';

type ReasonCode = queries.HoldRow['reason_code'];

type HoldRequest = {
  accountId: string;
  scope: Scope;
  reasonCode: ReasonCode;
  source: Source;
  actor: Actor;
  note?: string | undefined;
  until?: Date | undefined;
  client?: Client | undefined;
  /** The case it belongs to; without it a takeover case is opened or joined. */
  caseId?: string | undefined;
};

export type Frozen = { hold: queries.HoldRow; theCase: CaseRow; receipt: string };

/**
 * Contains an account in one transaction: hold, end of every session, device, half-done sign-in and open link, case,
 * ticket, notice and signed receipt, all or none. The same press again gives the same hold. Throws `not-found`.
 */
export async function freeze(ctx: Context, request: HoldRequest): Promise<Frozen> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, (trx) => freezeWithin(trx, ctx, request, now));
}

/** The freeze as a part of a larger change, such as the pressing of a mailed link. */
export async function freezeWithin(
  trx: Transaction<Database>,
  ctx: Context,
  request: HoldRequest,
  now: Date,
): Promise<Frozen> {
  const account = await queries.lockAccountForChange(trx, request.accountId);
  if (!account) throw new Problem('not-found');
  const { actor, client, caseId } = request;
  const takeover = { accountId: account.id, kind: 'takeover', priority: 'urgent', actor, client } as const;
  const [standing, theCase] = await Promise.all([
    queries.findStandingHolds(trx, account.id, now),
    caseId === undefined
      ? openOrJoinCase(trx, ctx, takeover, now)
      : raiseCase(trx, ctx, { accountId: account.id, caseId, actor, client }, now),
  ]);
  const hold = await placeBeside(standing, trx, ctx, { ...request, caseId: theCase.id }, now);
  const proven = { event: 'account-frozen', scope: hold.scope, holdId: hold.id } as const;
  const receipt = await issueReceipt(trx, ctx, theCase, proven, now);
  return { hold, theCase, receipt };
}

/** Places a hold of any scope. One on `all` contains the account as a freeze does. Throws `not-found`. */
export async function placeHold(ctx: Context, request: HoldRequest): Promise<queries.HoldRow> {
  const now = ctx.clock.now();
  if (isFreeze(request)) return (await freeze(ctx, request)).hold;
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const account = await queries.lockAccountForChange(trx, request.accountId);
    if (!account) throw new Problem('not-found');
    if (request.caseId !== undefined) await requireOpenCase(trx, account.id, request.caseId);
    return await placeOnce(trx, ctx, request, now);
  });
}

/** The hold, once, under the account's lock. */
export async function placeOnce(
  trx: Transaction<Database>,
  ctx: Context,
  request: HoldRequest,
  now: Date,
): Promise<queries.HoldRow> {
  const standing = await queries.findStandingHolds(trx, request.accountId, now);
  return await placeBeside(standing, trx, ctx, request, now);
}

/** Unless it stands already. Whoever holds what was about to be lifted, or freezes anything, calls that off. */
async function placeBeside(
  standing: readonly queries.HoldRow[],
  trx: Transaction<Database>,
  ctx: Context,
  request: HoldRequest,
  now: Date,
): Promise<queries.HoldRow> {
  const same = standing.find(
    (hold) =>
      hold.scope === request.scope &&
      hold.source === request.source &&
      hold.reason_code === request.reasonCode &&
      hold.until?.getTime() === request.until?.getTime(),
  );
  const [hold] = await Promise.all([
    same ?? queries.insertHold(trx, holdOf(request, ctx.policy, now)),
    callOffReleases(trx, request, same, now),
  ]);
  if (same) return same;
  const { accountId, actor, client, caseId, source, reasonCode } = request;
  const { id: holdId, scope, note } = hold;
  if (isFreeze(hold)) {
    await contain(trx, [{ id: holdId, accountId }], { source, reasonCode, note, caseId, actor, client }, now);
    return hold;
  }
  const detail = { holdId, source, reasonCode, note, scope, until: hold.until?.toISOString() ?? null };
  await record(trx, { type: 'hold.placed', actor, accountId, caseId, client, detail }, now);
  return hold;
}

function holdOf(request: HoldRequest, policy: Policy, now: Date): queries.NewHold {
  return {
    id: newId(now),
    account_id: request.accountId,
    scope: request.scope,
    reason_code: request.reasonCode,
    source: request.source,
    placed_by: request.actor.id ?? null,
    case_id: request.caseId ?? null,
    note: request.note ?? null,
    since: now,
    until: request.until ?? null,
    confirm_by: isUnsure(request) ? plus(now, policy['holds.confirmWithin']) : null,
  };
}

/** A rule must not shut anybody out for long without an agent's yes. */
function isUnsure(hold: { scope: Scope; source: Source }): boolean {
  return hold.source === 'rule' && isFreeze(hold);
}

async function callOffReleases(
  trx: Transaction<Database>,
  request: HoldRequest,
  same: queries.HoldRow | undefined,
  now: Date,
): Promise<void> {
  const { accountId, actor, client } = request;
  const cause = { reason: 'frozen', actor, client } as const;
  if (same) await endApprovals(trx, { accountId, kind: 'release-hold', subjectId: same.id }, cause, now);
  if (isFreeze(request) || request.source === 'owner') await endUnfreezes(trx, [accountId], cause, now);
}

/** After a credential changed: money leaves later. The hold can grow, and nobody can lift it. */
export async function startCoolDown(
  trx: Transaction<Database>,
  ctx: Context,
  accountId: string,
  client: Client | undefined,
  now: Date,
  reasonCode: CoolDownReason = 'credential-change',
): Promise<void> {
  const { scope, length } = coolDown(ctx.policy, reasonCode);
  const hold = await queries.extendPolicyHold(trx, {
    id: newId(now),
    account_id: accountId,
    scope,
    reason_code: reasonCode,
    source: 'policy',
    since: now,
    until: plus(now, length),
  });
  const detail = {
    holdId: hold.id,
    scope,
    source: 'policy',
    reasonCode,
    until: hold.until?.toISOString() ?? null,
    note: null,
  };
  // The notice of the change itself tells of the hold.
  await record(trx, { type: 'hold.placed', actor: { kind: 'system' }, accountId, client, detail, isSilent: true }, now);
}
