import { resolveAccounts } from '../accounts/resolve.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { recordMany } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { DAY, MINUTE, plus } from '../time.ts';
import * as queries from './queries.ts';

/** What was told once is remembered as long, and no longer: an older one could come in twice. */
export const OLDEST = 90 * DAY;
/** Clocks differ. */
const AHEAD = 5 * MINUTE;

type HostEvent = {
  id: string;
  accountId: string;
  type: string;
  at: Date;
  ip?: string | undefined;
  userAgent?: string | undefined;
  deviceId?: string | undefined;
  sessionId?: string | undefined;
  text?: { en?: string | undefined; 'zh-CN'?: string | undefined } | undefined;
  data?: Record<string, string | number | boolean> | undefined;
  hostile: boolean;
};
type Teller = { apiKeyId: string; requestId: string };

/**
 * Takes what the host saw itself into the accounts' activity, at the time it names. All of a batch or, with `invalid-request`
 * that points at each fault, none; what was told before under its id counts as known and changes nothing.
 */
export async function tellEvents(
  ctx: Context,
  events: readonly HostEvent[],
  { apiKeyId, requestId }: Teller,
): Promise<{ accepted: number; known: number }> {
  const now = ctx.clock.now();
  const references = [...new Set(events.map(({ accountId }) => accountId))];
  return await transact(ctx.db, ctx.ring, async (trx) => {
    const named = await resolveAccounts(trx, references);
    await queries.shareAccounts(trx, [...named.values()]);
    // Asked again under the locks: one that waited for an erasure must see it.
    const accounts = await resolveAccounts(trx, references);
    const errors = [...faultsOf(events, accounts, now)];
    if (errors.length > 0) throw new Problem('invalid-request', { errors });
    const told = events.map((event) => ({ ...event, accountId: accounts.get(event.accountId) as string }));
    const isNew = await queries.claimHostEvents(trx, told);
    const fresh = told.filter(({ id }) => isNew.has(id));
    const actor = { kind: 'host', id: apiKeyId } as const;
    await recordMany(
      trx,
      fresh.map((event) => ({
        type: 'host.event' as const,
        actor,
        accountId: event.accountId,
        sessionId: event.sessionId,
        deviceId: event.deviceId,
        at: event.at < now ? event.at : now,
        client: { ip: event.ip, userAgent: event.userAgent, requestId },
        detail: detailOf(event, now),
      })),
      now,
    );
    return { accepted: fresh.length, known: told.length - fresh.length };
  });
}

function detailOf({ id, type, hostile, text, data }: HostEvent, now: Date) {
  const words = text && Object.fromEntries(Object.entries(text).filter(([, some]) => some !== undefined));
  return {
    name: type,
    hostEventId: id,
    receivedAt: now.toISOString(),
    hostile,
    text: (words as Record<string, string> | undefined) ?? null,
    data: data ?? null,
  };
}

function* faultsOf(events: readonly HostEvent[], accounts: Map<string, string>, now: Date) {
  const seen = new Set<string>();
  for (const [place, { id, accountId, at }] of events.entries()) {
    const pointer = `/events/${place}`;
    if (seen.has(id)) yield { pointer: `${pointer}/id`, detail: 'is in this batch twice' };
    seen.add(id);
    if (!accounts.has(accountId)) yield { pointer: `${pointer}/accountId`, detail: 'there is no such account' };
    if (at > plus(now, AHEAD)) yield { pointer: `${pointer}/at`, detail: 'must not lie ahead' };
    if (at < plus(now, -OLDEST)) yield { pointer: `${pointer}/at`, detail: 'must be at most 90 days ago' };
  }
}
