import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Misbehaviour } from './support/authenticator.ts';
import { type Harness, newAgent, openHarness } from './support/harness.ts';
import { type Holder, newHolder } from './support/passkeys.ts';
import { confirm, decide, eventsOf, move, payment, request, shoes, verdictOf } from './support/payer.ts';
import { freezeByAgent } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const ask = async (holder: Holder, grantId: string) =>
  await h.post(`/v1/me/grants/${grantId}/passkey-options`, undefined, { token: holder.accessToken });
const requested = async (holder: Holder, wish: object = payment) => (await request(h, holder, wish)).body.grantId;
const signed = async (holder: Holder, grantId: string, wrong?: Misbehaviour) => ({
  credential: holder.authenticator.get((await ask(holder, grantId)).body, wrong),
});
const outcome = ({ status, body }: { status: number; body: { code?: string } }) =>
  `${status} ${body.code ?? ''}`.trim();

describe('PS-5.1 a passkey', () => {
  it('signs the hash of what is confirmed, and the grant it gives permits exactly that', async () => {
    const holder = await newHolder(h);
    const asked = await request(h, holder);
    expect(asked.body.factors).toEqual(['passkey']);
    const { grantId } = asked.body;
    const { status, body: options } = await ask(holder, grantId);
    expect(status).toBe(200);
    expect(options).toMatchObject({ rpId: 'localhost', userVerification: 'required' });
    expect(options.allowCredentials).toHaveLength(1);
    const { rows } = await h.pool.query('select nonce from grants where id = $1', [grantId]);
    const data = {
      account: holder.accountId,
      action: 'payment',
      amount: '12.50',
      currency: 'EUR',
      nonce: rows[0].nonce.toString('base64url'),
      payee: shoes.payee,
      session: holder.sessionId,
    };
    const hash = createHash('sha256').update(JSON.stringify(data)).digest('base64url');
    expect(options.challenge).toBe(hash);
    expect((await ask(holder, grantId)).body.challenge, 'the same until it is answered').toBe(hash);

    const credential = holder.authenticator.get(options);
    const confirmed = await confirm(h, holder, grantId, { credential });
    expect(confirmed.status).toBe(200);
    const [event] = await eventsOf(h, holder.accountId, 'grant.confirmed');
    expect(event.detail).toEqual({ grantId, factor: 'passkey' });
    const grant = confirmed.body.grant;
    expect(verdictOf(await decide(h, move(holder, { grant })))).toBe('allow');
    expect(verdictOf(await decide(h, move(holder, { grant })))).toBe('challenge grant:used');
  });

  it('PS-5.1 OW-TX3 that signed one payment confirms no other, however like it', async () => {
    const holder = await newHolder(h);
    const [one, other, dearer] = [
      await requested(holder),
      await requested(holder),
      await requested(holder, { ...payment, amount: '12.51' }),
    ];
    const proof = await signed(holder, one);
    for (const grantId of [other, dearer]) {
      await ask(holder, grantId);
      expect(outcome(await confirm(h, holder, grantId, proof))).toBe('401 invalid-code');
    }
    expect((await confirm(h, holder, one, proof)).status).toBe(200);
  });

  it('that proves a change or a sign-in confirms no payment, and the other way round', async () => {
    const holder = await newHolder(h);
    const grantId = await requested(holder);
    await ask(holder, grantId);
    const change = (await h.post('/v1/me/passkey/options', undefined, { token: holder.accessToken })).body;
    const entry = (await h.post('/v1/auth/passkey/options')).body;
    for (const options of [change, entry]) {
      const credential = holder.authenticator.get(options);
      expect(outcome(await confirm(h, holder, grantId, { credential }))).toBe('401 invalid-code');
    }
    const { credential } = await signed(holder, grantId);
    expect((await h.post('/v1/auth/passkey', { credential })).status).toBe(401);
    const removal = { body: { credential }, token: holder.accessToken };
    expect((await h.call('DELETE', `/v1/me/passkeys/${holder.passkeyId}`, removal)).status).toBe(401);
    expect((await confirm(h, holder, grantId, { credential })).status).toBe(200);
  });

  const wrongs: [string, Misbehaviour][] = [
    ['an altered signature', { hasAlteredSignature: true }],
    ['another origin', { origin: 'https://shop.evil.example' }],
    ['nobody verified', { isUserVerified: false }],
    ['another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
  ];
  it('is refused with whatever is wrong in it, five times', async () => {
    const holder = await newHolder(h);
    const grantId = await requested(holder);
    for (const [what, wrong] of wrongs) {
      expect(outcome(await confirm(h, holder, grantId, await signed(holder, grantId, wrong))), what).toBe(
        '401 invalid-code',
      );
    }
    expect(outcome(await confirm(h, holder, grantId, { code: '000000' }))).toBe('401 invalid-code');
    const { grantId: another } = (await request(h, holder)).body;
    const right = await signed(holder, another);
    expect(outcome(await confirm(h, holder, grantId, right))).toBe('401 invalid-challenge');
    expect((await confirm(h, holder, another, right)).status).toBe(200);
    expect(outcome(await ask(holder, grantId)), 'nothing is asked for what is over').toBe('401 invalid-challenge');
  });

  it('V2.3.4 gives one grant to sixteen answers at once', async () => {
    const holder = await newHolder(h);
    const grantId = await requested(holder);
    const proof = await signed(holder, grantId);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(h, holder, grantId, proof)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.every(({ status }) => [200, 401].includes(status))).toBe(true);
  });

  it('of another holder confirms nothing', async () => {
    const [holder, other] = [await newHolder(h), await newHolder(h)];
    const [mine, theirs] = [await requested(holder), await requested(other)];
    const proof = await signed(other, theirs);
    await ask(holder, mine);
    expect(outcome(await confirm(h, holder, mine, proof))).toBe('401 invalid-code');
    expect(outcome(await confirm(h, holder, theirs, proof))).toBe('404 not-found');
  });

  it('cannot confirm once the account is frozen, though it was asked before', async () => {
    const holder = await newHolder(h);
    const grantId = await requested(holder);
    const proof = await signed(holder, grantId);
    await freezeByAgent(h, await newAgent(h), holder.accountId);
    expect(outcome(await confirm(h, holder, grantId, proof))).toBe('401 unauthorized');
  });
});
