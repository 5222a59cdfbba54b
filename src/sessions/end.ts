import type { Transaction } from 'kysely';
import { forgetWaitingChanges } from '../contacts/pending.ts';
import type { Client, Context } from '../context.ts';
import { readChainedToken } from '../crypto/chained-token.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { forgetDevices } from '../devices/devices.ts';
import { type Actor, record, recordMany } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { forgetPendingFactor } from '../second-factors/factors.ts';
import * as queries from './queries.ts';
import { findRefreshableSession } from './refresh-queries.ts';

/** Every session, known device, half-done sign-in, enrolment and change of contact of the account is gone with this transaction. */
export async function endEverything(
  trx: Transaction<Database>,
  accountId: string,
  reason: string,
  now: Date,
): Promise<number> {
  return (await endEverythingOf(trx, [accountId], reason, now)).get(accountId) ?? 0;
}

/** As `endEverything` for many accounts in as many statements; how many sessions each had. */
export async function endEverythingOf(
  trx: Transaction<Database>,
  accountIds: readonly string[],
  reason: string,
  now: Date,
): Promise<Map<string, number>> {
  const [ended] = await Promise.all([
    endSessionsOf(trx, accountIds, reason, now),
    queries.deleteChallenges(trx, accountIds),
    forgetPendingFactor(trx, accountIds),
    forgetWaitingChanges(trx, accountIds),
    forgetDevices(trx, accountIds),
  ]);
  return ended;
}

/** As `endEverything`, but the session and device that made the change go on. */
export async function endOthers(
  trx: Transaction<Database>,
  keep: { accountId: string; sessionId: string; deviceId: string | null },
  reason: string,
  now: Date,
): Promise<number> {
  await queries.deleteChallenges(trx, keep.accountId);
  await forgetDevices(trx, keep.accountId, keep.deviceId ?? undefined);
  return await endSessions(trx, keep.accountId, reason, now, { except: keep.sessionId });
}

/** Names each session it ended in an event: verifiers elsewhere refuse exactly these. */
export async function endSessions(
  trx: Transaction<Database>,
  accountId: string,
  reason: string,
  now: Date,
  selection?: queries.Selection,
): Promise<number> {
  return (await endSessionsOf(trx, [accountId], reason, now, selection)).get(accountId) ?? 0;
}

async function endSessionsOf(
  trx: Transaction<Database>,
  accountIds: readonly string[],
  reason: string,
  now: Date,
  selection?: queries.Selection,
): Promise<Map<string, number>> {
  const ended = [...(await queries.endSessions(trx, accountIds, reason, now, selection))];
  const events = ended.map(([accountId, sessionIds]) => ({
    type: 'sessions.revoked' as const,
    actor: { kind: 'system' } as const,
    accountId,
    detail: { reason, sessionIds },
  }));
  await recordMany(trx, events, now);
  return new Map(ended.map(([accountId, { length }]) => [accountId, length]));
}

/** Ends the caller's own session, at once on every node (ASVS 7.4.1). */
export async function signOut(ctx: Context, who: { sessionId: string; actor: Actor }, client: Client): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.db, ctx.ring, async (trx) => {
    const isEnded = await queries.endSession(trx, who.sessionId, 'signed-out', now);
    if (!isEnded) return;
    const accountId = who.actor.kind === 'owner' ? who.actor.id : undefined;
    await record(
      trx,
      {
        type: 'session.ended',
        actor: who.actor,
        accountId,
        sessionId: who.sessionId,
        client,
        detail: { reason: 'signed-out' },
      },
      now,
    );
  });
}

/** As `signOut`, by any refresh token that the session ever had. One of no session, or of one that ended, is signed out. */
export async function signOutByToken(ctx: Context, token: string, client: Client): Promise<void> {
  const link = readChainedToken(ctx.keys, 'refresh', token);
  const known = link && (await findRefreshableSession(ctx.reader, link.id));
  if (!link || !known?.account_id) return;
  await signOut(ctx, { sessionId: link.id, actor: { kind: 'owner', id: known.account_id } }, client);
}

/** Ends every session of an account under its lock: a sign-in not committed yet would else outlive this unseen. */
export async function revokeAll(trx: Transaction<Database>, accountId: string, now: Date): Promise<number> {
  await passAlone(trx, accountId, 'use-session', now);
  return await endEverything(trx, accountId, 'revoked-by-agent', now);
}
