import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { readCounters } from '../lockout/attempts.ts';
import * as queries from './queries.ts';
import { judge } from './rules.ts';

type Asked = {
  accountId: string;
  /** Counts the strangers who try the identifier that was typed. */
  strangersKey: Buffer;
  client: Client;
  /** Whether the answer can still change anything: where a second factor is asked for anyway it cannot. */
  mayChallenge: boolean;
};

/**
 * Whether a sign-in with the right password, from a device that is not known, needs a mailed code beside it. What speaks
 * for that is recorded, also where the policy only watches. Never lets in, never keeps out: it asks for more.
 */
export async function isRisky(
  ctx: Context,
  { accountId, strangersKey, client, mayChallenge }: Asked,
): Promise<boolean> {
  const mode = ctx.policy['risk.mode'];
  if (mode === 'off') return false;
  const now = ctx.clock.now();
  const [[strangers], sightings] = await Promise.all([
    readCounters(ctx, [strangersKey], ctx.limitsDb),
    queries.listSightings(ctx.reader, accountId),
  ]);
  const here = ctx.places.locate(client.ip) ?? undefined;
  const devices = sightings.flatMap(({ ip, at }) => {
    const spot = ctx.places.locate(ip);
    return spot ? [{ ...spot, at }] : [];
  });
  const reasons = judge({ strangers: { locks: strangers?.locks ?? 0 }, here, devices }, now);
  if (reasons.length === 0) return false;
  const isChallenged = mode === 'live' && mayChallenge;
  const actor = { kind: 'rule' } as const;
  const detail = { mode, reasons, isChallenged };
  await transact(ctx.db, ctx.ring, (trx) =>
    record(trx, { type: 'sign-in.assessed', actor, accountId, client, detail }, now),
  );
  return isChallenged;
}
