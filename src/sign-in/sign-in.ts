import type { Client, Context } from '../context.ts';
import { type Attempt, returnOnError } from '../lockout/attempts.ts';
import { recheckPassword } from '../passwords/recheck.ts';
import { isRisky } from '../risk/assess.ts';
import { pretendToCheck } from '../second-factors/check-proof.ts';
import type { SignedIn } from '../sessions/issue.ts';
import { offered } from '../sms-factor/text-code.ts';
import { distrustLater } from '../stuffing/distrust.ts';
import { isTakenForStolen, type Meeting, noteSuccess } from '../stuffing/stuffing.ts';
import { refuseOnBeat } from './beat.ts';
import { type Challenged, openChallenge, openUndisclosed } from './challenge.ts';
import { complete, type Entry, proverOf } from './complete.ts';
import {
  checkPassword,
  checkProofQuietly,
  isHidden,
  type PasswordInput,
  rememberFailure,
  renewHash,
} from './credentials.ts';
import type { Enrolling } from './open-enrolment.ts';
import type { Credential } from './queries.ts';

type Right = { credential: Credential & { set_at: Date }; attempt: Attempt; meeting: Meeting | undefined };

/**
 * Signs an owner in, or answers with what is still owed: the second step, or a second factor to bind. One-shot sign-ins
 * (`code` given) have one answer for every wrong combination. Throws `invalid-credentials`, `too-many-attempts`, and
 * `account-held` and `password-change-required` only after everything was right.
 */
export async function signIn(
  ctx: Context,
  input: PasswordInput,
  client: Client,
): Promise<SignedIn | Challenged | Enrolling> {
  if (isHidden(ctx) && input.code === undefined) return await openUndisclosed(ctx, input, client);
  return await refuseOnBeat(ctx, () => enter(ctx, input, client));
}

async function enter(ctx: Context, input: PasswordInput, client: Client): Promise<SignedIn | Challenged | Enrolling> {
  const right = (await checkPassword(ctx, input, client)) as Right;
  const { credential, attempt, meeting } = right;
  const { account_id: accountId, device_id: deviceId } = credential;
  const entry = { accountId, deviceId, deviceToken: input.deviceToken, client };
  // Where password and code come together, only after both: how long it takes must not tell that one was right.
  const renew = (attempts: Attempt[]) =>
    returnOnError(ctx, attempts, async () => {
      await renewHash(ctx, credential, input.password);
      await recheckPassword(ctx, credential, input.password, client);
    });
  if (credential.factors && input.code !== undefined) return await inOneShot(ctx, entry, right, input.code, renew);
  if (isHidden(ctx)) throw await refuseOneShot(ctx, right, input.code ?? '', client);
  await renew([attempt]);
  const isStolen = await returnOnError(ctx, [attempt], () => isTakenForStolen(ctx, meeting, accountId, client));
  const isDoubtful = isStolen || (deviceId === null && (await doubt(ctx, entry, right)));
  const challenged = { ...right, isStolen, tryId: meeting?.tryId };
  if (credential.factors)
    return await openChallenge(ctx, entry, { ...challenged, factors: offered(ctx, credential.factors) });
  if (isDoubtful) return await openChallenge(ctx, entry, { ...challenged, factors: ['email-code'] });
  const entered = await complete(ctx, { ...entry, credential, attempt, candidate: undefined, challenge: undefined });
  await noteSuccess(ctx, meeting?.tryId);
  return entered;
}

async function inOneShot(
  ctx: Context,
  entry: Entry,
  { credential, attempt, meeting }: Right,
  code: string,
  renew: (attempts: Attempt[]) => Promise<void>,
): Promise<SignedIn | Enrolling> {
  const candidate = await checkProofQuietly(ctx, proverOf(entry), attempt, { code });
  const failure = { credential, attempt, client: entry.client, reason: 'wrong-code', tryId: meeting?.tryId } as const;
  if (!candidate) {
    // Nobody waits for it: it would tell that the password was right.
    void distrustLater(ctx, meeting, credential, entry.client);
    throw await rememberFailure(ctx, failure, ctx.clock.now());
  }
  await renew([...candidate.attempts, attempt]);
  const signedIn = await complete(ctx, { ...entry, credential, attempt, candidate, challenge: undefined });
  if (signedIn) {
    await noteSuccess(ctx, meeting?.tryId);
    return signedIn;
  }
  throw await rememberFailure(ctx, failure, ctx.clock.now());
}

/** Without a factor no code is right, and that there is none must not show: the way in is a mailed code. */
async function refuseOneShot(ctx: Context, { credential, attempt, meeting }: Right, code: string, client: Client) {
  void distrustLater(ctx, meeting, credential, client);
  await returnOnError(ctx, [attempt], () => pretendToCheck(ctx, { code }));
  const failure = { credential, attempt, client, reason: 'wrong-code', tryId: meeting?.tryId } as const;
  return await rememberFailure(ctx, failure, ctx.clock.now());
}

async function doubt(ctx: Context, { accountId, client }: Entry, { credential, attempt }: Right): Promise<boolean> {
  const asked = { accountId, strangersKey: attempt.key, client, mayChallenge: credential.factors === null };
  return await returnOnError(ctx, [attempt], () => isRisky(ctx, asked));
}
