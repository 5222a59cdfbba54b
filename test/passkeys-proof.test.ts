import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChallenge } from '../src/passkeys/challenges.ts';
import { assertionOptions } from '../src/passkeys/options.ts';
import { checkProof, redeemProof } from '../src/second-factors/check-proof.ts';
import type { AssertionJson, Authenticator, Misbehaviour } from './support/authenticator.ts';
import { type Answer, type Harness, openHarness, PASSWORD, tokenIn } from './support/harness.ts';
import { enterByPasskey, type Keyed, newKeyed } from './support/passkeys.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.factorChangesPerAccount': 100, 'limits.mailPerRecipient': 100 } });
});
afterAll(() => h.close());

const NEW_PASSWORD = `${PASSWORD} anew`;
const events = async (accountId: string, type: string) =>
  (await h.pool.query('select detail from events where account_id = $1 and type = $2', [accountId, type])).rows;

/** A place where a passkey stands for a second factor: how it is asked, and how the answer is given. */
type Door = {
  name: string;
  /** What the answer is for: a sign-in, a link, a session. */
  open(holder: Keyed): Promise<string>;
  ask(subject: string): Promise<Answer>;
  answer(subject: string, credential: AssertionJson): Promise<Answer>;
  right: number;
};

const signIn: Door = {
  name: 'the second step of a sign-in',
  open: async ({ email }) => {
    const { body } = await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD });
    return body.challenge;
  },
  ask: (challenge) => h.post('/v1/auth/passkey/options', { challenge }),
  answer: (challenge, credential) => h.post('/v1/auth/second-factor', { challenge, factor: 'passkey', credential }),
  right: 200,
};
const reset: Door = {
  name: 'a password reset',
  open: async ({ email }) => {
    await h.post('/v1/auth/password-reset', { identifier: email });
    const mails = await h.mails(email);
    return tokenIn(
      mails.find((mail) => mail.text.includes('/reset#token=')),
      'reset',
    );
  },
  ask: (token) => h.post('/v1/auth/password-reset/passkey-options', { token }),
  answer: (token, credential) =>
    h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD, credential }),
  right: 204,
};
const change: Door = {
  name: 'a change by a signed-in owner',
  open: async (holder) => (await enterByPasskey(h, holder.authenticator)).body.accessToken,
  ask: (token) => h.post('/v1/me/passkey/options', undefined, { token }),
  answer: (token, credential) => h.post('/v1/me/recovery-codes', { credential }, { token }),
  right: 200,
};
const doors = [signIn, reset, change];

async function sign(door: Door, subject: string, authenticator: Authenticator, wrong?: Misbehaviour) {
  return authenticator.get((await door.ask(subject)).body, wrong);
}

describe.each(doors)('a passkey at $name', (door) => {
  it('V6.5.1 opens it once, among sixteen and after', async () => {
    const holder = await newKeyed(h);
    const subject = await door.open(holder);
    const credential = await sign(door, subject, holder.authenticator);
    const burst = await Promise.all(Array.from({ length: 16 }, () => door.answer(subject, credential)));
    expect(burst.filter(({ status }) => status === door.right)).toHaveLength(1);
    const again = await door.open(holder);
    expect((await door.answer(again, credential)).status).toBeGreaterThanOrEqual(400);
    expect(await events(holder.accountId, 'passkey.counter-regressed'), 'a replay is no copy').toEqual([]);
  });

  it('V6.3.8 is asked for without telling what there is', async () => {
    const holder = await newKeyed(h);
    const { status, body } = await door.ask(await door.open(holder));
    expect(status).toBe(200);
    expect(body).toMatchObject({ rpId: 'localhost', userVerification: 'required', timeout: 300_000 });
    expect(body.allowCredentials, 'a signed-in owner may know').toHaveLength(door === change ? 1 : 0);
  });

  it.each<[string, Misbehaviour]>([
    ['another origin', { origin: 'https://evil.example' }],
    ['another relying party', { rpId: 'evil.example' }],
    ['another type', { type: 'webauthn.create' }],
    ['no user verification', { isUserVerified: false }],
    ['an altered signature', { hasAlteredSignature: true }],
    ['the handle of another user', { userHandle: Buffer.alloc(16, 1).toString('base64url') }],
  ])('V6.3.4 refuses %s, and the right answer still opens it', async (_, wrong) => {
    const holder = await newKeyed(h);
    const subject = await door.open(holder);
    const refused = await door.answer(subject, await sign(door, subject, holder.authenticator, wrong));
    expect([refused.status, refused.body.code]).toEqual([401, 'invalid-code']);
    const right = await door.answer(subject, await sign(door, subject, holder.authenticator));
    expect(right.status).toBe(door.right);
  });

  it('refuses the passkey of another account', async () => {
    const [holder, thief] = [await newKeyed(h), await newKeyed(h)];
    const subject = await door.open(holder);
    const { body } = await door.ask(subject);
    const credential = thief.authenticator.get({ ...body, allowCredentials: [] });
    expect((await door.answer(subject, credential)).body.code).toBe('invalid-code');
  });

  it('V6.6.2 refuses what was signed for another of its kind, for another purpose, or alone', async () => {
    const holder = await newKeyed(h);
    const subject = await door.open(holder);
    const others = [
      ...(await Promise.all(doors.map(async (other) => (await other.ask(await other.open(holder))).body))),
      (await h.post('/v1/auth/passkey/options')).body,
    ];
    for (const options of others) {
      const credential = holder.authenticator.get(options);
      expect((await door.answer(subject, credential)).status).toBeGreaterThanOrEqual(400);
    }
    const own = await sign(door, subject, holder.authenticator);
    const alone = await h.post('/v1/auth/passkey', { credential: own });
    expect(alone.body.code, 'nor does it sign in alone').toBe('invalid-credentials');
  });

  it('V6.6.2 lasts five minutes', async () => {
    const holder = await newKeyed(h);
    const subject = await door.open(holder);
    const credential = await sign(door, subject, holder.authenticator);
    h.clock.advance(299_999);
    const { body } = await door.ask(subject);
    h.clock.advance(1);
    expect((await door.answer(subject, credential)).status).toBeGreaterThanOrEqual(400);
    if (door !== change) expect((await door.answer(subject, holder.authenticator.get(body))).status).toBe(door.right);
  });

  it('WebAuthn 6.1.1 refuses a counter that went back, and tells the owner', async () => {
    const holder = await newKeyed(h);
    const copy = holder.authenticator.clone();
    await enterByPasskey(h, holder.authenticator);
    const subject = await door.open(holder);
    expect((await door.answer(subject, await sign(door, subject, copy, { signCount: 1 }))).status).toBe(401);
    expect(await events(holder.accountId, 'passkey.counter-regressed')).toHaveLength(1);
    expect((await h.mails(holder.email)).map(({ subject: title }) => title)).toContainEqual(
      expect.stringContaining('copied'),
    );
  });
});

describe('a passkey as a second factor', () => {
  it('makes a session of two factors', async () => {
    const holder = await newKeyed(h);
    const challenge = await signIn.open(holder);
    const { body } = await signIn.answer(challenge, await sign(signIn, challenge, holder.authenticator));
    expect(decodeJwt(body.accessToken)).toMatchObject({
      acr: 'aal2',
      amr: expect.arrayContaining(['pwd', 'hwk', 'mfa']),
    });
  });

  it('V6.4.3 a reset is not possible without it', async () => {
    const holder = await newKeyed(h);
    const token = await reset.open(holder);
    const bare = await h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD });
    expect([bare.status, bare.body.code]).toEqual([401, 'second-factor-required']);
    expect(bare.body.factors).toEqual(expect.arrayContaining(['passkey', 'recovery-code']));
  });

  it('is not given beside a code', async () => {
    const holder = await newKeyed(h);
    const token = await change.open(holder);
    const credential = await sign(change, token, holder.authenticator);
    const answer = await h.post('/v1/me/recovery-codes', { credential, code: '123456' }, { token });
    expect([answer.status, answer.body.errors?.[0].pointer]).toEqual([422, '/credential']);
  });

  it('V6.3.8 the options of a sign-in that never was look like any', async () => {
    const { status, body } = await h.post('/v1/auth/passkey/options', { challenge: 'hf_ch_nothing-like-it' });
    expect(status).toBe(200);
    const other = await h.post('/v1/auth/passkey/options');
    const bare = ({ challenge: _challenge, ...rest }: Record<string, unknown>) => rest;
    expect(bare(body)).toEqual(bare(other.body));
  });

  it('RTS 5 signs a challenge with given bytes, for that grant and account alone, once', async () => {
    const holder = await newKeyed(h);
    const { ctx } = h.instance;
    const { accountId } = holder;
    const challenge = Buffer.alloc(32, 7);
    const open = () =>
      openChallenge(ctx.db, { purpose: 'grant', accountId, subject: 'g1', challenge }, ctx.clock.now());
    const client = { ip: '10.0.0.1', userAgent: undefined, requestId: 'test', locale: 'en' as const };
    const prover = { accountId, deviceId: undefined, client, purpose: 'grant' as const, subject: 'g1' };
    const proof = { credential: holder.authenticator.get(assertionOptions(ctx.config, challenge)) };
    expect(await checkProof(ctx, prover, proof), 'nobody asked yet').toBeUndefined();
    await open();
    expect(await checkProof(ctx, { ...prover, subject: 'g2' }, proof)).toBeUndefined();
    const other = await newKeyed(h);
    expect(await checkProof(ctx, { ...prover, accountId: other.accountId }, proof)).toBeUndefined();
    const candidate = await checkProof(ctx, prover, proof);
    if (!candidate) throw new Error('the proof does not fit');
    const redeem = () => ctx.db.transaction().execute((trx) => redeemProof(trx, prover, candidate, ctx.clock.now()));
    expect(await redeem()).toBe(true);
    expect(await redeem()).toBe(false);
    await open();
    expect(await checkProof(ctx, prover, proof), 'asking again does not bring it back').toBeUndefined();
  });
});
