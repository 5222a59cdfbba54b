import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { pass } from '../holds/gate.ts';
import { canText } from '../notices/texter.ts';
import type { FactorKind } from '../second-factors/enrolled.ts';
import * as queries from './queries.ts';

type Door = { accountId: string; subject: string; expiresAt: Date };

/** Whether texted codes are a factor here at all: the policy says so, and texts can be sent. */
export function isSmsFactor(ctx: Context): boolean {
  return ctx.policy['sms.factor'] === 'on' && canText(ctx);
}

/** The account's factors as they may be offered now: no texted code where the installation has none. */
export function offered(ctx: Context, factors: readonly FactorKind[]): FactorKind[] {
  return isSmsFactor(ctx) ? [...factors] : factors.filter((factor) => factor !== 'sms');
}

/**
 * Texts a code for one sign-in, if there is a number to text it to, a text left for it in this hour, and the gate lets the
 * account sign in. Says nothing of any of it. A code sent before for the same sign-in is void.
 */
export async function textSignInCode(ctx: Context, door: Door, client: Client): Promise<void> {
  if (!isSmsFactor(ctx)) return;
  const { accountId } = door;
  const phone = await queries.findPhone(ctx.reader, accountId);
  if (phone === undefined || !(await takeText(ctx, phone))) return;
  const now = ctx.clock.now();
  await transact(ctx.db, ctx.ring, async (trx) => {
    const passage = await pass(trx, accountId, 'sign-in', now);
    if (!passage || passage.stoppedBy.length > 0) return;
    if ((await queries.findPhone(trx, accountId)) !== phone) return;
    const id = newId(now);
    await queries.replaceCode(trx, { ...door, id, phone }, now);
    const actor = { kind: 'anonymous' } as const;
    await record(
      trx,
      { type: 'sms-code.requested', actor, accountId, client, detail: {}, payload: { subjectId: id } },
      now,
    );
  });
}

/** Counts one text to this number, whatever it is for: each costs its operator money, and strangers earn by it. */
export async function takeText(ctx: Context, phone: string): Promise<boolean> {
  return await ctx.limits.take('text-recipient', ctx.keys.pseudonym('text-cap', phone));
}
