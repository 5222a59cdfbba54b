import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';
import { normalisePassword } from './rules.ts';

type Checked = {
  account_id: string;
  set_at: Date | null;
  breach_checked_at: Date | null;
  change_required_at: Date | null;
};

/**
 * Asks a list of breached passwords about one that was right just now, where it was not asked for a while or never
 * answered (ASVS 6.2.12). A hit means that the password opens nothing until a reset, and the owner is told. Never refuses.
 */
export async function recheckPassword(ctx: Context, right: Checked, typed: string, client: Client): Promise<void> {
  const { account_id: accountId, set_at: setAt } = right;
  const now = ctx.clock.now();
  if (!setAt || !isDue(ctx, right, now)) return;
  const exposure = await ctx.breaches.look(normalisePassword(typed), now);
  if (exposure === 'clear') await queries.noteUnbreached(ctx.db, accountId, setAt, now);
  if (exposure !== 'exposed') return;
  await transact(ctx.db, ctx.ring, async (trx) => {
    const passage = await passAlone(trx, accountId, 'reset-password', now);
    if (!passage || !(await queries.requireChange(trx, accountId, now, setAt))) return;
    await record(trx, { type: 'password.breached', actor: { kind: 'system' }, accountId, client, detail: {} }, now);
  });
}

function isDue(
  ctx: Context,
  { breach_checked_at: checkedAt, change_required_at: requiredAt }: Checked,
  now: Date,
): boolean {
  if (ctx.policy['passwords.breachCheck'] !== 'on' || requiredAt) return false;
  return !checkedAt || plus(checkedAt, ctx.policy['passwords.breachRecheck']) <= now;
}
