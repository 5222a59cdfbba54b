import {
  describeOwner,
  findAccount,
  maskEmail,
  maskPhone,
  searchAccounts,
  showAccount,
  showSecondFactor,
} from '../accounts/accounts.ts';
import { findOpenApproval } from '../approvals/list.ts';
import { listOwnCases } from '../cases/cases.ts';
import { requireOpenCase } from '../cases/open-case.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { listDevices } from '../devices/own-devices.ts';
import { record } from '../events/record.ts';
import { findHolds, fullHold } from '../holds/gate.ts';
import { forgetFailures } from '../lockout/attempts.ts';
import { findPasswordState } from '../passwords/passwords.ts';
import { Problem } from '../problem.ts';
import { listAuthenticators } from '../second-factors/authenticators.ts';
import type { AgentSession } from '../sessions/check.ts';
import { revokeAll } from '../sessions/end.ts';
import { listSessions } from '../sessions/list.ts';
import { listDoors, readLockouts } from './lockouts.ts';

const MOST = 25;
const MOST_SESSIONS = 200;

const actorOf = (agent: AgentSession) => ({ kind: 'agent', id: agent.agent_id }) as const;

/** Masked matches for a whole value. What was looked for is kept only as a keyed hash. */
export async function search(ctx: Context, query: string, agent: AgentSession, client: Client) {
  const found = await searchAccounts(ctx, query, MOST);
  const detail = { query: ctx.keys.pseudonym('search', query), found: found.length };
  await transact(ctx.urgentDb, ctx.ring, (trx) =>
    record(trx, { type: 'accounts.searched', actor: actorOf(agent), client, detail }, ctx.clock.now()),
  );
  return found.map((account) => ({
    id: account.id,
    email: maskEmail(account.email),
    username: account.username,
    phone: account.phone === null ? null : maskPhone(account.phone),
    phoneConfirmed: account.phone_confirmed_at !== null,
    createdAt: account.created_at.toISOString(),
  }));
}

/** Everything about an account on one page. Throws `not-found`; the reading is recorded before it is answered. */
export async function openAccountPage(ctx: Context, accountId: string, agent: AgentSession, client: Client) {
  const account = await findAccount(ctx, accountId);
  if (account.closed_at) throw new Problem('not-found');
  await transact(ctx.urgentDb, ctx.ring, (trx) =>
    record(
      trx,
      { type: 'account.read', actor: actorOf(agent), accountId, client, detail: { view: 'page' } },
      ctx.clock.now(),
    ),
  );
  const [profile, holds, sessions, devices, cases, lockouts, password, authenticators, isDisposable, reset] =
    await Promise.all([
      describeOwner(ctx, accountId),
      findHolds(ctx.urgentDb, accountId, ctx.clock.now()),
      listSessions(ctx, accountId, { limit: MOST_SESSIONS }),
      listDevices(ctx, accountId, { limit: MOST_SESSIONS }),
      listOwnCases(ctx, accountId, MOST, undefined),
      readLockouts(ctx, accountId),
      findPasswordState(ctx.urgentDb, accountId),
      listAuthenticators(ctx, accountId),
      ctx.isDisposable(account.email),
      findOpenApproval(ctx, { accountId, kind: 'second-factor-reset' }),
    ]);
  return {
    ...showAccount(account),
    emailDisposable: isDisposable,
    secondFactor: showSecondFactor(profile),
    holds: holds.map(fullHold),
    lockouts,
    credential: password && {
      consecutiveFailures: password.consecutive_failures,
      disabledAt: password.disabled_at?.toISOString() ?? null,
      changeRequiredAt: password.change_required_at?.toISOString() ?? null,
    },
    authenticators: authenticators.map((factor) => ({
      id: factor.id,
      name: factor.name,
      consecutiveFailures: { strangers: factor.stranger_failures, knownDevices: factor.known_failures },
      disabledAt: factor.disabled_at?.toISOString() ?? null,
    })),
    secondFactorReset: reset
      ? {
          approvalId: reset.id,
          status: reset.status,
          caseId: reset.case_id,
          requestedBy: reset.requested_by,
          requestedAt: reset.requested_at.toISOString(),
          effectiveAt: reset.effective_at?.toISOString() ?? null,
        }
      : null,
    sessions: sessions.map((session) => ({
      id: session.id,
      since: session.created_at.toISOString(),
      lastSeenAt: session.last_seen_at.toISOString(),
      ip: session.ip,
      device: session.user_agent,
    })),
    devices: devices.map((device) => ({
      id: device.id,
      since: device.created_at.toISOString(),
      lastSeenAt: device.last_seen_at.toISOString(),
      ip: device.ip,
      device: device.user_agent,
    })),
    cases: cases.map((row) => ({
      id: row.id,
      reference: row.reference,
      kind: row.kind,
      priority: row.priority,
      status: row.closed_at ? ('closed' as const) : ('open' as const),
    })),
  };
}

/** Why an agent does something, and in which case. */
type Noted = { note: string; caseId?: string | undefined };

/**
 * Opens every door that guessing locked: of strangers and known devices, for the password and for codes. What was disabled
 * for good stays so: a password until its owner's reset, an authenticator until it is bound anew (NIST 800-63B-4 3.2.2).
 * Throws `not-found`, `invalid-request` for another account's case.
 */
export async function unlock(
  ctx: Context,
  accountId: string,
  { note, caseId }: Noted,
  agent: AgentSession,
  client: Client,
): Promise<void> {
  await findAccount(ctx, accountId);
  const doors = await listDoors(ctx, accountId);
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    if (caseId !== undefined) await requireOpenCase(trx, accountId, caseId);
    const keys = doors.map(({ key }) => key);
    await forgetFailures(trx, keys);
    const detail = { by: 'agent', note } as const;
    const event = { type: 'sign-in.unlocked', actor: actorOf(agent), accountId, caseId, client, detail } as const;
    await record(trx, event, ctx.clock.now());
  });
}

/** Ends every session and forgets every device; how many sessions there were. Throws as `unlock` does. */
export async function revokeSessions(
  ctx: Context,
  accountId: string,
  { note, caseId }: Noted,
  agent: AgentSession,
  client: Client,
): Promise<number> {
  await findAccount(ctx, accountId);
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    if (caseId !== undefined) await requireOpenCase(trx, accountId, caseId);
    const ended = await revokeAll(trx, accountId, now);
    const detail = { reason: 'revoked-by-agent', note };
    await record(trx, { type: 'session.ended', actor: actorOf(agent), accountId, caseId, client, detail }, now);
    return ended;
  });
}
