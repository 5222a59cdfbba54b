import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { type Holder, ownerEvent } from '../sessions/holder.ts';
import { dropSms } from '../sms-factor/forget-sms.ts';
import * as codeQueries from './code-queries.ts';
import { hasSecondFactor } from './factors.ts';
import type { Proof } from './proof.ts';
import { changeWithProof } from './prove-change.ts';
import { makeRecoveryCode } from './rules.ts';

const CODES = 10;

export type RecoveryCodes = { selector: string; text: string; hash: string }[];

/** Ten new recovery codes for a proof of a factor; the old ones stop working. Throws `invalid-code`, `account-held`. */
export async function reissueRecoveryCodes(ctx: Context, holder: Holder, proof: Proof): Promise<string[]> {
  const now = ctx.clock.now();
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  if (!(await hasSecondFactor(ctx.reader, holder.accountId))) throw new Problem('invalid-code');
  const reissue = async (trx: Transaction<Database>, _: unknown, codes: RecoveryCodes) => {
    await codeQueries.replaceRecoveryCodes(trx, holder.accountId, codes, now);
    await record(trx, { ...ownerEvent(holder), type: 'recovery-codes.issued', detail: { count: CODES } }, now);
    return codes.map((code) => code.text);
  };
  return await changeWithProof(ctx, holder, proof, reissue, () => makeRecoveryCodes(ctx));
}

/** The codes that come with an account's first second factor; its own notice tells of them. Their texts, shown this once. */
export async function issueFirstCodes(
  trx: Transaction<Database>,
  holder: Holder,
  codes: RecoveryCodes,
  now: Date,
): Promise<string[]> {
  await codeQueries.replaceRecoveryCodes(trx, holder.accountId, codes, now);
  const detail = { count: CODES };
  await record(trx, { ...ownerEvent(holder), type: 'recovery-codes.issued', detail, isSilent: true }, now);
  return codes.map((code) => code.text);
}

/** Recovery codes and texted ones stand beside a factor: with the last one they end. */
export async function dropCodesOfNone(trx: Transaction<Database>, accountId: string): Promise<void> {
  if (await hasSecondFactor(trx, accountId)) return;
  await codeQueries.deleteRecoveryCodes(trx, accountId);
  await dropSms(trx, accountId);
}

/** One after the other: ten at once would take every slot from those who sign in. */
export async function makeRecoveryCodes(ctx: Context): Promise<RecoveryCodes> {
  const texts = new Map<string, string>();
  while (texts.size < CODES) {
    const { selector, text } = makeRecoveryCode(randomBytes(20));
    texts.set(selector, text);
  }
  const codes = [];
  for (const [selector, text] of texts) codes.push({ selector, text, hash: await ctx.hasher.hash(text) });
  return codes;
}
