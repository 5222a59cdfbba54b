import type { Transaction } from 'kysely';
import { forgetWaitingChanges } from '../contacts/pending.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { endSessions } from './end.ts';
import { changeAsHolder, type Holder } from './holder.ts';
import * as queries from './queries.ts';

/** Ends one of the owner's own sessions at once, on every node (ASVS 7.5.2). Throws `not-found` for any other. */
export async function endOwnSession(ctx: Context, owner: Holder, sessionId: string): Promise<void> {
  const now = ctx.clock.now();
  await changeAsHolder(ctx, owner, 'use-session', now, async (trx) => {
    const isOwn = await queries.isOpenSessionOf(trx, sessionId, owner.accountId);
    if (!isOwn || !(await queries.endSession(trx, sessionId, 'revoked-by-owner', now))) throw new Problem('not-found');
    const detail = { reason: 'revoked-by-owner' };
    await record(trx, { ...eventOf(owner), sessionId, type: 'session.ended', detail }, now);
  });
}

/** Ends every session of the owner but theirs, or theirs too, half-done sign-ins and changes of contact (ASVS 7.4.3, 7.5.2). */
export async function endOwnSessions(ctx: Context, owner: Holder, which: 'others' | 'all'): Promise<void> {
  const now = ctx.clock.now();
  await changeAsHolder(ctx, owner, 'use-session', now, async (trx) => {
    const selection = which === 'others' ? { except: owner.sessionId } : {};
    await queries.deleteChallenges(trx, owner.accountId);
    await forgetWaitingChanges(trx, owner.accountId);
    const ended = await endSessions(trx, owner.accountId, 'revoked-by-owner', now, selection);
    if (ended === 0) return;
    await record(trx, { ...eventOf(owner), type: 'sessions.signed-out', detail: { which, ended } }, now);
  });
}

/** Ends the sessions of one device, and its half-done sign-ins; how many sessions there were. */
export async function endSessionsOnDevice(
  trx: Transaction<Database>,
  accountId: string,
  deviceId: string,
  now: Date,
): Promise<number> {
  await queries.deleteChallengesOfDevice(trx, deviceId);
  return await endSessions(trx, accountId, 'device-removed', now, { deviceId });
}

const eventOf = ({ accountId, sessionId, client }: Holder) => ({
  actor: { kind: 'owner', id: accountId } as const,
  accountId,
  sessionId,
  client,
});
