import type { Transaction } from 'kysely';
import { generateSecret } from 'otplib';
import { renderSVG } from 'uqr';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import * as bound from './bound-queries.ts';
import * as codeQueries from './code-queries.ts';
import * as queries from './queries.ts';
import type { RecoveryCodes } from './recovery-codes.ts';
import { matchTotp, totpSecretRow, totpUri } from './rules.ts';

type Shown = { factorId: string; secret: string; otpauthUri: string; qrSvg: string };
type Pending = { id: string; step: number };

/** A new secret for an owner whose identity stands for the proof of a factor; one shown before is forgotten. */
export async function showRebinding(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, email }: { accountId: string; email: string },
  now: Date,
): Promise<Shown> {
  const factorId = newId(now);
  const secret = generateSecret({ length: 20 });
  const sealed = ctx.keys.encrypt(secret, totpSecretRow(factorId));
  const factor = { id: factorId, secret: sealed, name: 'Authenticator', isProven: true, replaces: undefined };
  await queries.insertPendingTotp(trx, accountId, factor, now);
  const otpauthUri = totpUri(ctx.config.serviceName, email, secret);
  return { factorId, secret, otpauthUri, qrSvg: renderSVG(otpauthUri, { ecc: 'M', border: 2 }) };
}

/** The authenticator that was shown, where this is a code of it. */
export async function findPendingStep(
  ctx: Context,
  accountId: string,
  code: string,
  now: Date,
): Promise<Pending | undefined> {
  const pending = await queries.findPendingTotp(ctx.db, accountId);
  const step = pending && matchTotp(ctx.keys.decrypt(pending.secret, totpSecretRow(pending.id)), code, now);
  return pending && step !== undefined ? { id: pending.id, step } : undefined;
}

/** Makes it the account's one second factor, with these recovery codes. The returned truth is the verdict. */
export async function rebindTotp(
  trx: Transaction<Database>,
  accountId: string,
  { id, step }: Pending,
  codes: RecoveryCodes,
  now: Date,
): Promise<boolean> {
  if (!(await queries.confirmTotp(trx, id, step, now))) return false;
  await bound.deleteEveryFactor(trx, accountId, id);
  await codeQueries.replaceRecoveryCodes(trx, accountId, codes, now);
  return true;
}
