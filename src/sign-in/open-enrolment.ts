import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { newToken } from '../crypto/tokens.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { type Attempt, returnAttempt } from '../lockout/attempts.ts';
import { plus } from '../time.ts';
import { insertChallenge } from './challenge-queries.ts';
import type { Entry } from './complete.ts';

/** What an account without a second factor can bind. */
export const ENROLLABLE = ['totp', 'passkey'] as const;

/** No session and no access token: it opens the calls of the enrolment and nothing else. `expiresIn` in seconds. */
export type Enrolling = { enrolmentToken: string; factors: (typeof ENROLLABLE)[number][]; expiresIn: number };

/** `passwordSetAt`: of the password that was right. */
type Right = Entry & { attempt: Attempt; passwordSetAt: Date };

/**
 * What lets an account bind the second factor that is required, and be signed in by it. It ends with the half-done sign-ins
 * of the account: at a freeze, a reset, a change of password or factor. Only for a transaction that passed the gate.
 */
export async function openEnrolment(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, deviceId, client, attempt, passwordSetAt }: Right,
  now: Date,
): Promise<Enrolling> {
  const token = newToken('hf_en');
  const ttl = ctx.policy['enrolment.ttl'];
  await returnAttempt(trx, attempt);
  await insertChallenge(
    trx,
    {
      hash: token.hash,
      accountId,
      owes: 'enrolment',
      passwordSetAt,
      deviceId,
      sessionId: newId(now),
      counterKey: attempt.key,
      expiresAt: plus(now, ttl),
    },
    now,
  );
  const actor = { kind: 'anonymous' } as const;
  await record(trx, { type: 'enrolment.required', actor, accountId, client, detail: {} }, now);
  return { enrolmentToken: token.plain, factors: [...ENROLLABLE], expiresIn: ttl / 1000 };
}
