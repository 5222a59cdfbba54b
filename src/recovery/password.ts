import type { Client, Context } from '../context.ts';
import { acceptNew, hashNew, putReset } from '../passwords/put-reset.ts';
import { changeByRecovery, type Recovery } from './change.ts';
import * as queries from './queries.ts';
import { invalidToken } from './standing.ts';

/**
 * Sets a new password on the account while it stays frozen, once: sessions, devices, half-done sign-ins and reset links are
 * gone, withdrawals wait longer than after a reset, the owner is told. Throws `invalid-token`, `weak-password`,
 * `account-held`, `busy`.
 */
export async function recoverPassword(
  ctx: Context,
  recovery: Recovery,
  newPassword: string,
  client: Client,
): Promise<void> {
  await ctx.limits.takeForAddress('reset', client.ip);
  const { id, account_id: accountId, case_id: caseId } = recovery;
  if (recovery.password_set_at) throw invalidToken();
  const wanted = { accountId, newPassword, client };
  const accepted = await acceptNew(ctx, wanted);
  if (!accepted) throw invalidToken();
  const password = await hashNew(ctx, wanted, accepted);
  const now = ctx.clock.now();
  await changeByRecovery(ctx, recovery, now, async (trx) => {
    if (!(await queries.setDone(trx, id, 'password_set_at', now))) throw invalidToken();
    await putReset(trx, ctx, { accountId, caseId, client, password, amr: ['recovery'], coolDown: 'recovery' }, now);
  });
}
