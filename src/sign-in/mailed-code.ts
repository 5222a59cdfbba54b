import type { Client, Context } from '../context.ts';
import { derivedCode, isDerivedCode } from '../crypto/derived-code.ts';
import type { KeyRing } from '../crypto/keys.ts';
import { hashToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { countWrongCode } from '../passwords/exposure.ts';
import { countSentCode } from './challenge-queries.ts';

const LABEL = 'sign-in-code';
const MOST_MAILS = 3;
/** As for codes of authenticators: each third wrong one after a right password is an alarm. */
const ALARM_EVERY = 3;

/** The code that is mailed for one challenge, by the challenge's hash: again and again the same, and gone with it. */
export function mailedCode(keys: KeyRing, challenge: Buffer): string {
  return derivedCode(keys, LABEL, challenge.toString('hex'));
}

export function isMailedCode(keys: KeyRing, challenge: Buffer, typed: string): boolean {
  return isDerivedCode(keys, LABEL, challenge.toString('hex'), typed.trim());
}

/**
 * Mails the code that answers a challenge, where one would: to an account without a second factor, after its right password.
 * Says nothing of that, nor whether there is such a challenge. Another mail brings the same code and no new tries (NIST
 * 800-63B-4 3.2.2, 3.1.3.2).
 */
export async function sendMailedCode(ctx: Context, challenge: string, client: Client): Promise<void> {
  const now = ctx.clock.now();
  const hash = hashToken(challenge);
  await transact(ctx.db, ctx.ring, async (trx) => {
    const sent = await countSentCode(trx, hash, MOST_MAILS, now);
    if (!sent) return;
    const actor = { kind: 'anonymous' } as const;
    const payload = { challenge: hash.toString('hex') };
    const event = { type: 'sign-in.code-requested', actor, accountId: sent.account_id, client, payload } as const;
    await record(trx, { ...event, detail: {} }, now);
  });
}

/** A wrong mailed code says that somebody else has the password as much as a wrong code of an authenticator does. */
export async function rememberWrongMailedCode(
  ctx: Context,
  { accountId, deviceId, client }: { accountId: string; deviceId: string | null; client: Client },
): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.db, ctx.ring, async (trx) => {
    const wrong = { accountId, client, behind: 'password', guesses: 1 } as const;
    const failures = await countWrongCode(trx, wrong, now);
    const actor = { kind: 'anonymous' } as const;
    const event = { actor, accountId, deviceId: deviceId ?? undefined, client };
    await record(trx, { ...event, type: 'second-factor.failed', detail: { factor: 'email-code', failures } }, now);
    if (failures % ALARM_EVERY !== 0) return;
    await record(trx, { ...event, type: 'second-factor.guessed', detail: { failures } }, now);
  });
}
