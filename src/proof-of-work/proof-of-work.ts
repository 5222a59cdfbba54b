import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import { hashToken } from '../crypto/tokens.ts';
import type { Database } from '../db/types.ts';
import { Problem } from '../problem.ts';
import { MINUTE, plus } from '../time.ts';
import * as queries from './queries.ts';
import { isWorkDone, readTerms, type Work, writeChallenge, writeTerms } from './work.ts';

const TTL = 2 * MINUTE;

/** Who is asked, and for what: work done for one identifier from one address is worth nothing elsewhere. */
type Asked = { purpose: 'sign-in'; block: string; subject: string };

/** The refusal that asks for work: 403 with a challenge of two minutes that nobody else can use, and nobody kept. */
export function workRequired(ctx: Context, asked: Asked, difficulty: number, now: Date): Problem {
  const signed = writeTerms({ difficulty, expiresAt: plus(now, TTL) }, randomBytes(16));
  const challenge = writeChallenge(signed, sign(ctx, asked, signed));
  return new Problem('proof-required', { members: { proof: { challenge, difficulty } } });
}

/** Whether this is work that we asked this very caller for, done, in time and for the first time. */
export async function redeemWork(ctx: Context, asked: Asked, work: Work, now: Date): Promise<boolean> {
  const read = readTerms(work.challenge);
  if (!read || read.terms.expiresAt <= now) return false;
  if (!timingSafeEqual(sign(ctx, asked, read.signed).subarray(0, read.mac.length), read.mac)) return false;
  if (!isWorkDone(work, read.terms.difficulty)) return false;
  return await queries.spendWork(ctx.limitsDb, hashToken(work.challenge), read.terms.expiresAt);
}

function sign(ctx: Context, { purpose, block, subject }: Asked, signed: Buffer): Buffer {
  return ctx.keys.hash(`proof-of-work:${purpose}`, [signed.toString('hex'), block, subject].join('\0'));
}

/** Work whose challenge has expired counts for nothing anyway. */
export async function forgetWork(db: Kysely<Database>, now: Date): Promise<void> {
  await queries.deleteSpentWork(db, now);
}
