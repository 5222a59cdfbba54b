import { randomBytes } from 'node:crypto';
import { generateSecret } from 'otplib';
import { renderSVG } from 'uqr';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { startCoolDown } from '../holds/freeze.ts';
import { requirePassage } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { endOthers } from '../sessions/end.ts';
import { checkCode, redeemCode, returnCandidate } from './check-code.ts';
import * as queries from './queries.ts';
import { makeRecoveryCode, matchTotp, totpUri } from './rules.ts';

const CODES = 10;

/** The signed-in owner who makes the change. */
export type Holder = { accountId: string; sessionId: string; deviceId: string | null; client: Client };
type Enrolment = { factorId: string; secret: string; otpauthUri: string; qrSvg: string };

const rowOf = (factorId: string) => `totp_factors.secret:${factorId}`;

/** Shows a new 160-bit secret; it opens nothing before a code confirms it. Throws `already-enrolled`, `account-held`. */
export async function startTotp(ctx: Context, holder: Holder): Promise<Enrolment> {
  const now = ctx.clock.now();
  const factorId = newId(now);
  const secret = generateSecret({ length: 20 });
  const email = await transact(ctx.db, ctx.ring, async (trx) => {
    const account = await requirePassage(trx, holder.accountId, 'security-change', now);
    if (await queries.findTotp(trx, holder.accountId)) throw new Problem('already-enrolled');
    const stored = ctx.keys.encrypt(secret, rowOf(factorId));
    await queries.insertPendingTotp(trx, holder.accountId, { id: factorId, secret: stored }, now);
    await record(trx, { ...eventOf(holder), type: 'totp.enrolled', detail: { factorId } }, now);
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
  const now = ctx.clock.now();
  const pending = await queries.findPendingTotp(ctx.db, holder.accountId);
  const step = pending && matchTotp(ctx.keys.decrypt(pending.secret, rowOf(pending.id)), code, now);
  if (!pending || step === undefined) throw new Problem('invalid-code');
  const codes = await makeCodes(ctx);
  await transact(ctx.db, ctx.ring, async (trx) => {
    await requirePassage(trx, holder.accountId, 'security-change', now);
    if (!(await queries.confirmTotp(trx, pending.id, step, now))) throw new Problem('invalid-code');
    await queries.replaceRecoveryCodes(trx, holder.accountId, codes, now);
    await endOthers(trx, holder, 'second-factor-changed', now);
    await startCoolDown(trx, ctx, holder.accountId, holder.client, now);
    await record(trx, { ...eventOf(holder), type: 'totp.confirmed', detail: { factorId: pending.id } }, now);
    await record(
      trx,
      { ...eventOf(holder), type: 'recovery-codes.issued', detail: { count: CODES }, isSilent: true },
      now,
    );
  });
  return codes.map((issued) => issued.text);
}

/** Removes the authenticator and its recovery codes, against one of its own codes. Throws `invalid-code`, `account-held`. */
export async function removeTotp(ctx: Context, holder: Holder, code: string): Promise<void> {
  const now = ctx.clock.now();
  await changeWithCode(ctx, holder, code, now, async (trx) => {
    const factor = await queries.findTotp(trx, holder.accountId);
    await queries.deleteFactors(trx, holder.accountId);
    await endOthers(trx, holder, 'second-factor-changed', now);
    await startCoolDown(trx, ctx, holder.accountId, holder.client, now);
    await record(trx, { ...eventOf(holder), type: 'totp.removed', detail: { factorId: factor?.id ?? '' } }, now);
  });
}

/** Ten new recovery codes for a code; the old ones stop working. Throws `invalid-code`, `account-held`. */
export async function reissueRecoveryCodes(ctx: Context, holder: Holder, code: string): Promise<string[]> {
  const now = ctx.clock.now();
  const codes = await makeCodes(ctx);
  await changeWithCode(ctx, holder, code, now, async (trx) => {
    await queries.replaceRecoveryCodes(trx, holder.accountId, codes, now);
    await record(trx, { ...eventOf(holder), type: 'recovery-codes.issued', detail: { count: CODES } }, now);
  });
  return codes.map((issued) => issued.text);
}

type Work = Parameters<typeof transact<void>>[2];

async function changeWithCode(ctx: Context, holder: Holder, code: string, now: Date, change: Work): Promise<void> {
  const prover = { accountId: holder.accountId, deviceId: holder.deviceId ?? undefined, client: holder.client };
  const candidate = await checkCode(ctx, prover, code);
  if (!candidate) throw new Problem('invalid-code');
  const isRedeemed = await transact(ctx.db, ctx.ring, async (trx) => {
    await requirePassage(trx, holder.accountId, 'security-change', now);
    if (!(await redeemCode(trx, prover, candidate, now))) return false;
    await change(trx);
    return true;
  }).catch(async (error: unknown) => {
    await returnCandidate(ctx.limitsDb, candidate);
    throw error;
  });
  if (!isRedeemed) throw new Problem('invalid-code');
}

async function makeCodes(ctx: Context): Promise<{ selector: string; text: string; hash: string }[]> {
  const codes = new Map<string, string>();
  while (codes.size < CODES) {
    const { selector, text } = makeRecoveryCode(randomBytes(20));
    codes.set(selector, text);
  }
  return await Promise.all(
    [...codes].map(async ([selector, text]) => ({ selector, text, hash: await ctx.hasher.hash(text) })),
  );
}

function eventOf(holder: Holder) {
  return {
    actor: { kind: 'owner', id: holder.accountId } as const,
    accountId: holder.accountId,
    sessionId: holder.sessionId,
    deviceId: holder.deviceId ?? undefined,
    client: holder.client,
  };
}
