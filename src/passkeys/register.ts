import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { record } from '../events/record.ts';
import { deviceName } from '../notices/device-name.ts';
import { Problem } from '../problem.ts';
import { settleFactorChange } from '../second-factors/after-change.ts';
import { hasSecondFactor } from '../second-factors/factors.ts';
import type { Proof } from '../second-factors/proof.ts';
import { changeWithProof } from '../second-factors/prove-change.ts';
import { issueFirstCodes, makeRecoveryCodes } from '../second-factors/recovery-codes.ts';
import { changeAsHolder, type Holder, ownerEvent } from '../sessions/holder.ts';
import { hashChallenge, newChallenge, openChallenge } from './challenges.ts';
import { type RegistrationOptions, registrationOptions } from './options.ts';
import * as queries from './queries.ts';
import { type Attestation, challengeIn, verifyAttestation } from './verify.ts';

/**
 * Asks for a new passkey; where a second factor is bound, against a proof of it, which the question then stands for.
 * Throws `second-factor-required`, `invalid-code`, `too-many-passkeys`, `account-held`.
 */
export async function startPasskey(
  ctx: Context,
  holder: Holder,
  proof: Proof | undefined,
): Promise<RegistrationOptions> {
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  const now = ctx.clock.now();
  const { accountId } = holder;
  const challenge = newChallenge();
  return await changeWithProof(ctx, holder, proof, async (trx, { email }) => {
    const known = await queries.listPasskeys(trx, accountId);
    requireRoom(ctx, known);
    const subject = registrationSubject(holder, await hasSecondFactor(trx, accountId));
    await openChallenge(trx, { purpose: 'registration', accountId, subject, challenge }, now);
    return registrationOptions(ctx.config, challenge, { accountId, email }, known);
  });
}

/** Of this session; and whether a factor was proven for it, so that one asked for before there was any adds none after. */
const registrationSubject = ({ sessionId }: Holder, isProven: boolean) => `${sessionId}${isProven ? ' proven' : ''}`;

type Answer = { credential: Attestation; name?: string | undefined };
type Added = { passkey: queries.PasskeyRow; recoveryCodes: string[] | undefined };

/**
 * Adds the passkey that answers `startPasskey`, once. The first factor of an account brings ten recovery codes. Other
 * sessions and devices end, withdrawals wait, the owner is told. Throws `invalid-passkey`, `too-many-passkeys`,
 * `account-held`.
 */
export async function addPasskey(ctx: Context, holder: Holder, { credential, name }: Answer): Promise<Added> {
  await ctx.limits.takeForAccount('factor-change', holder.accountId);
  const now = ctx.clock.now();
  const { accountId, client } = holder;
  const isProven = await hasSecondFactor(ctx.reader, accountId);
  const binding = { purpose: 'registration', subject: registrationSubject(holder, isProven) } as const;
  const challenge = challengeIn(credential.response.clientDataJSON);
  const hash = hashChallenge(challenge ?? '');
  // Asked before anything slow is done for it; the guarded update below is the verdict.
  if (challenge === undefined || !(await queries.isAwaited(ctx.reader, hash, binding, accountId, now)))
    throw new Problem('invalid-passkey');
  const made = await verifyAttestation(ctx, credential, challenge);
  if (!made) throw new Problem('invalid-passkey');
  const codes = isProven ? undefined : await makeRecoveryCodes(ctx);
  const passkey: queries.NewPasskey = {
    id: newId(now),
    credential_id: made.credentialId,
    public_key: made.publicKey,
    sign_count: String(made.signCount),
    transports: credential.response.transports,
    aaguid: made.aaguid,
    is_backed_up: made.isBackedUp,
    name: name ?? deviceName(client.userAgent)?.slice(0, 60) ?? 'Passkey',
  };
  return await changeAsHolder(ctx, holder, 'security-change', now, async (trx) => {
    // A factor came or went meanwhile: the next try knows of it.
    if ((await hasSecondFactor(trx, accountId)) !== isProven) throw new Problem('busy', { retryAfter: 1 });
    if (!(await queries.redeemChallenge(trx, hash, binding, accountId, now))) throw new Problem('invalid-passkey');
    requireRoom(ctx, await queries.listPasskeys(trx, accountId));
    if (!(await queries.insertPasskey(trx, accountId, passkey, now))) throw new Problem('invalid-passkey');
    const recoveryCodes = codes && (await issueFirstCodes(trx, holder, codes, now));
    await settleFactorChange(trx, ctx, holder, now);
    const detail = { passkeyId: passkey.id, name: passkey.name };
    await record(trx, { ...ownerEvent(holder), type: 'passkey.added', detail }, now);
    return { passkey: { ...passkey, created_at: now, last_used_at: null }, recoveryCodes };
  });
}

function requireRoom(ctx: Context, known: readonly unknown[]): void {
  if (known.length >= ctx.policy['passkeys.perAccount']) throw new Problem('too-many-passkeys');
}
