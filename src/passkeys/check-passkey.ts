import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import type { Assertion } from '../second-factors/proof.ts';
import { hashChallenge } from './challenges.ts';
import { userHandle } from './options.ts';
import * as queries from './queries.ts';
import { challengeIn, verifyAssertion } from './verify.ts';

/** What an answer must be for. An account is named where it is known already who must answer. */
export type Door = queries.Binding & { accountId?: string; client: Client };

/** A signature that fits and is not spent yet. */
export type PasskeyCandidate = {
  factor: 'passkey';
  /** None: 256 bits are not guessed, so that nothing has to be counted. */
  attempts: [];
  accountId: string;
  passkeyId: string;
  challengeHash: Buffer;
  signCount: number;
  isBackedUp: boolean;
  /** How it authenticates (RFC 8176): a key that leaves its device, or one that does not; and a person was there. */
  amr: ['hwk' | 'swk', 'user'];
};

/**
 * The passkey that signed the challenge put to it for this door; undefined for anything else. A sign counter that went
 * back is remembered before undefined says so: somebody has a copy of the key (WebAuthn Level 3 6.1.1).
 */
export async function checkPasskey(
  ctx: Context,
  door: Door,
  assertion: Assertion,
): Promise<PasskeyCandidate | undefined> {
  const now = ctx.clock.now();
  const challenge = challengeIn(assertion.response.clientDataJSON);
  if (challenge === undefined) return undefined;
  const challengeHash = hashChallenge(challenge);
  const credentialId = Buffer.from(assertion.id, 'base64url');
  const passkey = await queries.findAskedPasskey(ctx.reader, credentialId, challengeHash, door, now);
  if (!passkey?.is_asked || (door.accountId ?? passkey.account_id) !== passkey.account_id) return undefined;
  if (!isHandleOf(passkey.account_id, assertion, door)) return undefined;
  const signed = await verifyAssertion(ctx, assertion, challenge, passkey.public_key);
  if (!signed) return undefined;
  const candidate: PasskeyCandidate = {
    factor: 'passkey',
    attempts: [],
    accountId: passkey.account_id,
    passkeyId: passkey.id,
    challengeHash,
    signCount: signed.signCount,
    isBackedUp: signed.isBackedUp,
    amr: [signed.isSynced ? 'swk' : 'hwk', 'user'],
  };
  if (isAhead(signed.signCount, Number(passkey.sign_count))) return candidate;
  await transact(ctx.db, ctx.ring, async (trx) => {
    // Spent by it: one copy of the key is one alarm, however often it is shown.
    const isFirst = await queries.redeemChallenge(trx, challengeHash, door, candidate.accountId, now);
    if (isFirst) await recordRegression(trx, door, candidate, now);
  });
  return undefined;
}

/** Where the answer says who it is, it must say so; elsewhere it may. */
function isHandleOf(accountId: string, { response }: Assertion, door: Door): boolean {
  if (response.userHandle === undefined) return door.accountId !== undefined;
  return response.userHandle === userHandle(accountId);
}

/** An authenticator that does not count always says 0. */
function isAhead(signCount: number, known: number): boolean {
  return signCount > known || (signCount === 0 && known === 0);
}

/** Spends the challenge and counts on. False when another answer was first. */
export async function redeemPasskey(
  trx: Transaction<Database>,
  door: Door,
  candidate: PasskeyCandidate,
  now: Date,
): Promise<boolean> {
  const { accountId, passkeyId: id, challengeHash, signCount, isBackedUp } = candidate;
  if (!(await queries.redeemChallenge(trx, challengeHash, door, accountId, now))) return false;
  if (await queries.raiseSignCount(trx, { accountId, id, signCount, isBackedUp }, now)) return true;
  if (await queries.hasPasskey(trx, accountId, id)) await recordRegression(trx, door, candidate, now);
  return false;
}

async function recordRegression(
  trx: Transaction<Database>,
  { client }: Door,
  { accountId, passkeyId, signCount }: PasskeyCandidate,
  now: Date,
): Promise<void> {
  const actor = { kind: 'anonymous' } as const;
  const detail = { passkeyId, signCount };
  await record(trx, { type: 'passkey.counter-regressed', actor, accountId, client, detail }, now);
}
