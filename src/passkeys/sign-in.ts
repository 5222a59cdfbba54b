import type { Transaction } from 'kysely';
import { issueCaseToken } from '../cases/case-access.ts';
import type { Client, Context } from '../context.ts';
import { readChainedToken } from '../crypto/chained-token.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { type Hold, heldProblem, pass } from '../holds/gate.ts';
import { noteFactorUsed } from '../lost-factor/call-off.ts';
import { Problem } from '../problem.ts';
import type { Assertion } from '../second-factors/proof.ts';
import type { SignedIn } from '../sessions/issue.ts';
import { enterFromNewDevice, returnToAccount } from '../sign-in/open-session.ts';
import { checkPasskey, type Door, type PasskeyCandidate, redeemPasskey } from './check-passkey.ts';

type Entry = { credential: Assertion; deviceToken: string | undefined };
type Outcome = { signedIn: SignedIn } | { stoppedBy: Hold[] } | 'spent';

/**
 * Signs in with a passkey alone: it is something one has, opened by something one is or knows (NIST 800-63B-4 3.1.7). The
 * password plays no part, nor do its failures and locks. Throws `invalid-credentials` for whatever is wrong,
 * `too-many-attempts`, and `account-held` only after everything was right.
 */
export async function signInWithPasskey(ctx: Context, entry: Entry, client: Client): Promise<SignedIn> {
  await ctx.limits.takeForAddress('sign-in', client.ip);
  const door: Door = { purpose: 'passkey-sign-in', subject: null, client };
  const candidate = await checkPasskey(ctx, door, entry.credential);
  if (!candidate) throw new Problem('invalid-credentials');
  const now = ctx.clock.now();
  const outcome = await transact(ctx.db, ctx.ring, (trx) => issue(trx, ctx, { ...entry, door, candidate }, now));
  if (outcome === 'spent') throw new Problem('invalid-credentials');
  if ('stoppedBy' in outcome) {
    throw heldProblem(
      outcome.stoppedBy,
      await issueCaseToken(ctx, candidate.accountId, { by: 'passkey', factorId: candidate.passkeyId }, client),
    );
  }
  return outcome.signedIn;
}

type Right = Entry & { door: Door; candidate: PasskeyCandidate };

/** Under the account's lock: the gate, the signature, the session. Everything or nothing, and one caller of many. */
async function issue(
  trx: Transaction<Database>,
  ctx: Context,
  { door, candidate, deviceToken }: Right,
  now: Date,
): Promise<Outcome> {
  const { accountId, amr } = candidate;
  const { client } = door;
  const passage = await pass(trx, accountId, 'sign-in', now);
  if (!passage || !(await redeemPasskey(trx, door, candidate, now))) return 'spent';
  await noteFactorUsed(trx, { accountId, client }, now);
  if (passage.stoppedBy.length > 0) {
    const actor = { kind: 'owner', id: accountId } as const;
    const detail = { action: 'sign-in', scopes: passage.stoppedBy.map((hold) => hold.scope) };
    await record(trx, { type: 'sign-in.refused', actor, accountId, client, detail }, now);
    return { stoppedBy: passage.stoppedBy };
  }
  const assurance = { acr: 'aal2' as const, amr: [...amr, 'mfa'] };
  const opening = { accountId, assurance, attempt: undefined, client };
  const device = deviceToken === undefined ? undefined : readChainedToken(ctx.keys, 'device', deviceToken);
  const seen = { accountVersion: passage.account.version, passwordSetAt: null };
  const returned =
    device && (await returnToAccount(trx, ctx, opening, { deviceId: device.id, deviceToken }, seen, now));
  return { signedIn: returned ?? (await enterFromNewDevice(trx, ctx, opening, now)) };
}
