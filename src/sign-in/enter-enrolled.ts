import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { passwordLimit } from '../lockout/rules.ts';
import { Problem } from '../problem.ts';
import type { Assurance, SignedIn } from '../sessions/issue.ts';
import * as queries from './challenge-queries.ts';
import { enterFromNewDevice, returnToAccount } from './open-session.ts';

/** A sign-in that goes on once its account has bound a second factor. */
export type EnrollingSignIn = {
  hash: Buffer;
  accountId: string;
  sessionId: string;
  deviceId: string | null;
  counterKey: Buffer;
};

/** The sign-in behind an enrolment token's hash; `isTry` counts one, of five. Throws `invalid-token`. */
export async function requireEnrolling(
  ctx: Context,
  hash: Buffer,
  { isTry }: { isTry: boolean },
): Promise<EnrollingSignIn> {
  const now = ctx.clock.now();
  const most = ctx.policy['totp.attemptsPerChallenge'];
  const row = isTry
    ? await queries.reserveEnrolment(ctx.limitsDb, hash, most, now)
    : await queries.findEnrolment(ctx.reader, hash, now);
  if (!row) throw new Problem('invalid-token');
  const { account_id: accountId, session_id: sessionId, device_id: deviceId, counter_key: counterKey } = row;
  return { hash, accountId, sessionId, deviceId, counterKey };
}

/** Under the account's lock: what ended half-done sign-ins before it ended this one. Throws `invalid-token`. */
export async function requireStillEnrolling(trx: Transaction<Database>, hash: Buffer, now: Date): Promise<void> {
  if (!(await queries.findEnrolment(trx, hash, now))) throw new Problem('invalid-token');
}

type Entering = EnrollingSignIn & {
  assurance: Assurance;
  accountVersion: number;
  deviceToken: string | undefined;
  client: Client;
};

/** Opens the session that the enrolment was for. Only in the transaction that bound the factor and passed the gate. */
export async function enterEnrolled(
  trx: Transaction<Database>,
  ctx: Context,
  entering: Entering,
  now: Date,
): Promise<SignedIn> {
  const { accountId, sessionId, deviceId, deviceToken, counterKey, assurance, accountVersion, client } = entering;
  const attempt = { key: counterKey, reservedAt: new Date(0), limit: passwordLimit(ctx.policy) };
  const opening = { accountId, sessionId, assurance, attempt, client };
  const seen = { accountVersion, passwordSetAt: null };
  const returned =
    deviceId === null ? undefined : await returnToAccount(trx, ctx, opening, { deviceId, deviceToken }, seen, now);
  return returned ?? (await enterFromNewDevice(trx, ctx, opening, now));
}
