import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import { generateSecret } from 'otplib';
import { renderSVG } from 'uqr';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { startCoolDown } from '../holds/freeze.ts';
import { requireLongPassword } from '../passwords/stand-alone.ts';
import { Problem } from '../problem.ts';
import { endOthers } from '../sessions/end.ts';
import { changeAsHolder, type Holder, ownerEvent } from '../sessions/holder.ts';
import { hasSecondFactor } from './factors.ts';
import { changeWithProof } from './prove-change.ts';
import * as queries from './queries.ts';
import { makeRecoveryCode, matchTotp, totpSecretRow, totpUri } from './rules.ts';

const CODES = 10;

type Enrolment = { factorId: string; secret: string; otpauthUri: string; qrSvg: string };

/** Shows a new 160-bit secret; it opens nothing before a code confirms it. Throws `already-enrolled`, `account-held`. */
export async function startTotp(ctx: Context, holder: Holder): Promise<Enrolment> {
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  const now = ctx.clock.now();
  const factorId = newId(now);
  const secret = generateSecret({ length: 20 });
  const email = await changeAsHolder(ctx, holder, 'security-change', now, async (trx, account) => {
    if ((await queries.listTotps(trx, holder.accountId)).length > 0) throw new Problem('already-enrolled');
    const stored = ctx.keys.encrypt(secret, totpSecretRow(factorId));
    await queries.insertPendingTotp(
      trx,
      holder.accountId,
      { id: factorId, secret: stored, name: 'Authenticator' },
      now,
    );
    await record(trx, { ...ownerEvent(holder), type: 'totp.enrolled', detail: { factorId } }, now);
    return account.email;
  });
  const otpauthUri = totpUri(ctx.config.serviceName, email, secret);
  return { factorId, secret, otpauthUri, qrSvg: renderSVG(otpauthUri, { ecc: 'M', border: 2 }) };
}

/**
 * Turns the second factor on and issues ten recovery codes, shown this once. Other sessions and devices end, withdrawals
 * wait, the owner is told. Throws `invalid-code`, also for a code that was used before.
 */
export async function confirmTotp(ctx: Context, holder: Holder, code: string): Promise<string[]> {
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  const now = ctx.clock.now();
  const pending = await queries.findPendingTotp(ctx.db, holder.accountId);
  const step = pending && matchTotp(ctx.keys.decrypt(pending.secret, totpSecretRow(pending.id)), code, now);
  if (!pending || step === undefined) throw new Problem('invalid-code');
  const codes = await makeCodes(ctx);
  await changeAsHolder(ctx, holder, 'security-change', now, async (trx) => {
    if (!(await queries.confirmTotp(trx, pending.id, step, now))) throw new Problem('invalid-code');
    await queries.replaceRecoveryCodes(trx, holder.accountId, codes, now);
    await endOthers(trx, holder, 'second-factor-changed', now);
    await startCoolDown(trx, ctx, holder.accountId, holder.client, now);
    await record(trx, { ...ownerEvent(holder), type: 'totp.confirmed', detail: { factorId: pending.id } }, now);
    await record(
      trx,
      { ...ownerEvent(holder), type: 'recovery-codes.issued', detail: { count: CODES }, isSilent: true },
      now,
    );
  });
  return codes.map((issued) => issued.text);
}

/**
 * Removes the authenticator and its recovery codes, against one of its own codes. Throws `invalid-code`, `account-held`,
 * and `weak-password` where the password is too short to stand alone.
 */
export async function removeTotp(ctx: Context, holder: Holder, code: string): Promise<void> {
  await requireLongPassword(ctx, holder.accountId, holder.client);
  const now = ctx.clock.now();
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  await changeWithProof(ctx, holder, { code }, async (trx) => {
    const [factor] = await queries.listTotps(trx, holder.accountId);
    if (!factor) throw new Problem('invalid-code');
    await queries.deleteFactors(trx, holder.accountId);
    await endOthers(trx, holder, 'second-factor-changed', now);
    await startCoolDown(trx, ctx, holder.accountId, holder.client, now);
    await record(trx, { ...ownerEvent(holder), type: 'totp.removed', detail: { factorId: factor.id } }, now);
  });
}

/** Ten new recovery codes for a code; the old ones stop working. Throws `invalid-code`, `account-held`. */
export async function reissueRecoveryCodes(ctx: Context, holder: Holder, code: string): Promise<string[]> {
  const now = ctx.clock.now();
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  if (!(await hasSecondFactor(ctx.reader, holder.accountId))) throw new Problem('invalid-code');
  const reissue = async (trx: Transaction<Database>, _: unknown, codes: Issued[]) => {
    await queries.replaceRecoveryCodes(trx, holder.accountId, codes, now);
    await record(trx, { ...ownerEvent(holder), type: 'recovery-codes.issued', detail: { count: CODES } }, now);
    return codes;
  };
  const codes = await changeWithProof(ctx, holder, { code }, reissue, () => makeCodes(ctx));
  return codes.map((issued) => issued.text);
}

type Issued = { selector: string; text: string; hash: string };

/** One after the other: ten at once would take every slot from those who sign in. */
async function makeCodes(ctx: Context): Promise<Issued[]> {
  const texts = new Map<string, string>();
  while (texts.size < CODES) {
    const { selector, text } = makeRecoveryCode(randomBytes(20));
    texts.set(selector, text);
  }
  const codes = [];
  for (const [selector, text] of texts) codes.push({ selector, text, hash: await ctx.hasher.hash(text) });
  return codes;
}
