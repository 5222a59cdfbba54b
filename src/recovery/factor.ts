import type { Client, Context } from '../context.ts';
import { record } from '../events/record.ts';
import { startCoolDown } from '../holds/freeze.ts';
import { Problem } from '../problem.ts';
import { findPendingStep, showTotp } from '../second-factors/pending-totp.ts';
import { rebindTotp } from '../second-factors/rebind.ts';
import { makeRecoveryCodes } from '../second-factors/recovery-codes.ts';
import { endEverything } from '../sessions/end.ts';
import { changeByRecovery, type Recovery } from './change.ts';
import * as queries from './queries.ts';
import { invalidToken } from './standing.ts';

/** Shows a new authenticator secret; it opens nothing before a code confirms it. Throws `invalid-token`, `account-held`. */
export async function startRecoveredTotp(ctx: Context, recovery: Recovery, client: Client) {
  await ctx.limits.takeForAddress('other', client.ip);
  const now = ctx.clock.now();
  if (recovery.factor_bound_at) throw invalidToken();
  return await changeByRecovery(ctx, recovery, now, async (trx, { email }) => {
    const { account_id: accountId, case_id: caseId } = recovery;
    // Identity stands for the proof of a factor.
    const wanted = { name: 'Authenticator', isProven: true };
    const shown = await showTotp(trx, ctx, { accountId, email }, wanted, now);
    const actor = { kind: 'owner', id: accountId } as const;
    const detail = { factorId: shown.factorId };
    await record(trx, { type: 'totp.enrolled', actor, accountId, caseId, client, detail }, now);
    return shown;
  });
}

/**
 * Binds the authenticator, once: every other second factor and recovery code is gone, whoever bound it, and ten new codes are
 * shown this once. Five wrong codes end the recovery. Throws `invalid-code`, `invalid-token`, `account-held`, `busy`.
 */
export async function confirmRecoveredTotp(
  ctx: Context,
  recovery: Recovery,
  code: string,
  client: Client,
): Promise<string[]> {
  await ctx.limits.takeForAddress('other', client.ip);
  const now = ctx.clock.now();
  const { id, account_id: accountId, case_id: caseId } = recovery;
  if (recovery.factor_bound_at) throw invalidToken();
  if (!(await queries.reserveAttempt(ctx.db, id, ctx.policy['reset.attempts']))) throw invalidToken();
  const pending = await findPendingStep(ctx, accountId, code, now);
  if (!pending) throw new Problem('invalid-code');
  const codes = await makeRecoveryCodes(ctx);
  return await changeByRecovery(ctx, recovery, now, async (trx) => {
    if (!(await queries.setDone(trx, id, 'factor_bound_at', now))) throw invalidToken();
    if (!(await rebindTotp(trx, accountId, pending, codes, now))) throw new Problem('invalid-code');
    await endEverything(trx, accountId, 'second-factor-changed', now);
    await startCoolDown(trx, ctx, accountId, client, now, 'recovery');
    const event = { actor: { kind: 'owner', id: accountId }, accountId, caseId, client } as const;
    await record(trx, { ...event, type: 'totp.confirmed', detail: { factorId: pending.id } }, now);
    const issued = { type: 'recovery-codes.issued', detail: { count: codes.length }, isSilent: true } as const;
    await record(trx, { ...event, ...issued }, now);
    return codes.map(({ text }) => text);
  });
}
