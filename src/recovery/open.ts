import type { Client, Context } from '../context.ts';
import { newToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { findLink, redeemLink } from '../links/links.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';
import { invalidToken, isStanding } from './standing.ts';

/**
 * Opens the mailed link, once: the token it answers sets a password and binds a factor and is good for nothing else. Throws
 * `invalid-token` alike for unknown, used, expired and void.
 */
export async function openRecovery(
  ctx: Context,
  token: string,
  client: Client,
): Promise<{ recoveryToken: string; expiresIn: number }> {
  await ctx.limits.takeForAddress('reset', client.ip);
  const now = ctx.clock.now();
  const link = await findLink(ctx.urgentDb, token, now);
  if (link?.purpose !== 'recovery' || !link.account_id || !link.subject_id) throw invalidToken();
  const { account_id: accountId, subject_id: recoveryId } = link;
  const { plain, hash } = newToken('hf_rc');
  const ttl = ctx.policy['recovery.ttl'];
  await transact(ctx.db, ctx.ring, async (trx) => {
    const passage = await passAlone(trx, accountId, 'recover', now);
    if (!passage || passage.stoppedBy.length > 0) throw invalidToken();
    if (!(await redeemLink(trx, token, 'recovery', now))) throw invalidToken();
    const opened = await queries.openRecovery(trx, recoveryId, { tokenHash: hash, expiresAt: plus(now, ttl) });
    if (!opened || !(await isStanding(trx, opened))) throw invalidToken();
    const actor = { kind: 'owner', id: accountId } as const;
    const detail = { recoveryId };
    await record(trx, { type: 'recovery.opened', actor, accountId, caseId: opened.case_id, client, detail }, now);
  });
  return { recoveryToken: plain, expiresIn: ttl / 1000 };
}
