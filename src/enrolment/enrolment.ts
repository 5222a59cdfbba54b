import type { Client, Context } from '../context.ts';
import { hashToken } from '../crypto/tokens.ts';
import { addPasskey, startPasskey } from '../passkeys/register.ts';
import { confirmTotp, startTotp } from '../second-factors/totp.ts';
import type { Holder } from '../sessions/holder.ts';
import type { SignedIn } from '../sessions/issue.ts';
import {
  type EnrollingSignIn,
  enterEnrolled,
  requireEnrolling,
  requireStillEnrolling,
} from '../sign-in/enter-enrolled.ts';

/** By the token of a sign-in that is owed a second factor, in the browser it came from. */
type Enrolling = { enrolmentToken: string; deviceToken?: string | undefined };
type Enrolled = SignedIn & { recoveryCodes: string[] };

/** As `startTotp`, for an account that has no second factor and must have one. Throws `invalid-token`, `account-held`. */
export async function startTotpEnrolment(ctx: Context, { enrolmentToken }: Enrolling, name: string, client: Client) {
  return await startTotp(ctx, await holderBy(ctx, enrolmentToken, client), { name, proof: undefined });
}

/** As `startPasskey`, for an account that has no second factor and must have one. Throws `invalid-token`, `account-held`. */
export async function startPasskeyEnrolment(ctx: Context, { enrolmentToken }: Enrolling, client: Client) {
  return await startPasskey(ctx, await holderBy(ctx, enrolmentToken, client), undefined);
}

/**
 * Binds the authenticator and signs in by it, in one transaction and once: the account's first factor, its recovery codes
 * and a session of `aal2`. Throws `invalid-code`, `invalid-token` once there were five, `account-held`.
 */
export async function confirmTotpEnrolment(
  ctx: Context,
  given: Enrolling,
  code: string,
  client: Client,
): Promise<Enrolled> {
  return await enrol(ctx, given, client, ['otp'], (holder) => confirmTotp(ctx, holder, code));
}

type Passkey = Parameters<typeof addPasskey>[2];

/** As `confirmTotpEnrolment`, with a passkey. Throws `invalid-passkey`, `invalid-token`, `account-held`. */
export async function confirmPasskeyEnrolment(
  ctx: Context,
  given: Enrolling,
  passkey: Passkey,
  client: Client,
): Promise<Enrolled> {
  const add = async (holder: Holder) => (await addPasskey(ctx, holder, passkey)).recoveryCodes ?? [];
  // A new key says nothing that can be trusted of where it is kept: the weaker of the two.
  return await enrol(ctx, given, client, ['swk', 'user'], add);
}

async function enrol(
  ctx: Context,
  { enrolmentToken, deviceToken }: Enrolling,
  client: Client,
  methods: string[],
  bind: (holder: Holder) => Promise<string[]>,
): Promise<Enrolled> {
  await ctx.limits.takeForAddress('other', client.ip);
  const now = ctx.clock.now();
  const enrolling = await requireEnrolling(ctx, hashToken(enrolmentToken), { isTry: true });
  const assurance = { acr: 'aal2' as const, amr: ['pwd', ...methods, 'mfa'] };
  const session: { opened?: SignedIn } = {};
  const holder = holderOf(ctx, enrolling, client);
  const recoveryCodes = await bind({
    ...holder,
    entry: {
      ...holder.entry,
      async complete(trx, { version: accountVersion }) {
        const entering = { ...enrolling, assurance, accountVersion, deviceToken, client };
        session.opened = await enterEnrolled(trx, ctx, entering, now);
      },
    },
  });
  if (!session.opened) throw new Error('a factor was bound outside of its holder’s change');
  return { ...session.opened, recoveryCodes };
}

async function holderBy(ctx: Context, enrolmentToken: string, client: Client): Promise<Holder> {
  await ctx.limits.takeForAddress('other', client.ip);
  return holderOf(ctx, await requireEnrolling(ctx, hashToken(enrolmentToken), { isTry: false }), client);
}

/** Whoever gave all that the account has: no session yet, so the token stands for it in each transaction. */
function holderOf(ctx: Context, { hash, accountId, sessionId, deviceId }: EnrollingSignIn, client: Client) {
  const requireStanding: NonNullable<Holder['entry']>['requireStanding'] = (trx) =>
    requireStillEnrolling(trx, hash, ctx.clock.now());
  return { accountId, sessionId, deviceId, client, entry: { requireStanding } };
}
