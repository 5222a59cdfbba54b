import type { Transaction } from 'kysely';
import { generateSecret } from 'otplib';
import { renderSVG } from 'uqr';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';
import { matchTotp, totpSecretRow, totpUri } from './rules.ts';

export type Shown = { factorId: string; secret: string; otpauthUri: string; qrSvg: string };
type Wanted = { name: string; isProven: boolean; replaces?: string | undefined };

/** A new 160-bit secret that opens nothing before a code confirms it; one shown before is forgotten. */
export async function showTotp(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, email }: { accountId: string; email: string },
  { name, isProven, replaces }: Wanted,
  now: Date,
): Promise<Shown> {
  const factorId = newId(now);
  const secret = generateSecret({ length: 20 });
  const sealed = ctx.keys.encrypt(secret, totpSecretRow(factorId));
  await queries.insertPendingTotp(trx, accountId, { id: factorId, secret: sealed, name, isProven, replaces }, now);
  const otpauthUri = totpUri(ctx.config.serviceName, email, secret);
  return { factorId, secret, otpauthUri, qrSvg: renderSVG(otpauthUri, { ecc: 'M', border: 2 }) };
}

/** The authenticator that was shown, with the step of this code; undefined where it is none of its codes. */
export async function findPendingStep(ctx: Context, accountId: string, code: string, now: Date) {
  const pending = await queries.findPendingTotp(ctx.db, accountId);
  const step = pending && matchTotp(ctx.keys.decrypt(pending.secret, totpSecretRow(pending.id)), code, now);
  return pending && step !== undefined ? { ...pending, step } : undefined;
}
