import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { hashToken } from '../crypto/tokens.ts';
import type { Database } from '../db/types.ts';
import { MINUTE, plus } from '../time.ts';
import * as queries from './queries.ts';

/** How long a browser may take, and a challenge can be answered (ASVS 6.6.2). */
export const CHALLENGE_TTL = 5 * MINUTE;

type Asked = {
  purpose: queries.ChallengePurpose;
  /** Who must answer; null where the answer itself says who it is. */
  accountId: string | null;
  /** The very sign-in, session, link or grant that asks; null for a sign-in with a passkey alone. */
  subject: string | null;
  /** The bytes to be signed. Whoever gives them answers for their never coming twice. */
  challenge: Buffer;
};

/** Awaits one answer to this challenge, for this purpose and subject alone. Only its hash is kept. */
export async function openChallenge(db: Kysely<Database>, asked: Asked, now: Date): Promise<void> {
  const { purpose, accountId, subject, challenge } = asked;
  const hash = hashChallenge(challenge.toString('base64url'));
  await queries.insertChallenge(db, { purpose, accountId, subject, hash, expiresAt: plus(now, CHALLENGE_TTL) });
}

/** 256 random bits, never asked before (ASVS 6.7.2). */
export function newChallenge(): Buffer {
  return randomBytes(32);
}

/** By its base64url, as browsers hand it back. */
export function hashChallenge(challenge: string): Buffer {
  return hashToken(challenge);
}
