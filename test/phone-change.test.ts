import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, openHarness, tokenIn } from './support/harness.ts';
import { count, mailedToken, newSignedIn, type SignedIn, signIn } from './support/seed.ts';
import { openSink } from './support/sink.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const someNumber = () => `+49151${randomInt(10_000_000, 99_999_999)}`;
const ask = (owner: SignedIn, newPhone: string) =>
  h.post('/v1/me/phone-change', { newPhone }, { token: owner.accessToken });
const confirm = (owner: SignedIn, code: string) =>
  h.post('/v1/me/phone-change/confirm', { code }, { token: owner.accessToken });
const codeFor = async (number: string) => /\b\d{6}\b/.exec((await h.mails(number))[0]?.text ?? '')?.[0] ?? 'none';
const wrongFor = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
const phoneOf = async (owner: SignedIn) => (await h.get('/v1/me/contacts', owner.accessToken)).body;

describe('a change of number', () => {
  it('V6.6.2 is confirmed by a texted code, and the number signs in from then on', async () => {
    const owner = await newSignedIn(h);
    const number = someNumber();
    const typed = `00${number.slice(1, 3)} (${number.slice(3, 6)}) ${number.slice(6)}`;
    expect(await ask(owner, typed)).toMatchObject({ status: 202, body: {} });
    const code = await codeFor(number);
    expect((await signIn(h, number)).code).toBe('invalid-credentials');
    expect((await confirm(owner, code)).status).toBe(204);
    expect(await phoneOf(owner)).toMatchObject({ phone: number, phoneConfirmed: true });
    expect((await signIn(h, typed)).status).toBe('signed-in');
    expect((await confirm(owner, code)).body.code).toBe('invalid-code');
    expect((await ask(owner, number)).body.errors).toMatchObject([{ pointer: '/newPhone' }]);
  });

  it('confirms a number that was given at sign-up and never confirmed', async () => {
    const number = someNumber();
    const owner = await newSignedIn(h, { phone: number });
    expect((await signIn(h, number)).code).toBe('invalid-credentials');
    await ask(owner, number);
    expect((await confirm(owner, await codeFor(number))).status).toBe(204);
    expect((await signIn(h, number)).status).toBe('signed-in');
    expect(await h.mails(number)).toHaveLength(1);
  });

  it('V6.6.3 ends with the fifth wrong code, sixteen at once counted too', async () => {
    const owner = await newSignedIn(h);
    const number = someNumber();
    await ask(owner, number);
    const code = await codeFor(number);
    const guesses = await Promise.all(Array.from({ length: 16 }, () => confirm(owner, wrongFor(code))));
    expect(new Set(guesses.map(({ body }) => body.code))).toEqual(new Set(['invalid-code']));
    expect((await confirm(owner, code)).body.code).toBe('invalid-code');
    expect(await phoneOf(owner)).toMatchObject({ phone: null });
    await ask(owner, number);
    const next = await codeFor(number);
    expect(next).not.toBe(code);
    for (let guess = 0; guess < 4; guess++) await confirm(owner, wrongFor(next));
    expect((await confirm(owner, next)).status).toBe(204);
  });

  it('V2.3.4 happens once among sixteen right codes at once', async () => {
    const owner = await newSignedIn(h);
    const number = someNumber();
    await ask(owner, number);
    const code = await codeFor(number);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(owner, code)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(await count(h, 'events', owner.accountId, "type = 'phone.changed'")).toBe(1);
  });

  it('NB-R2 V6.5.5 knows no code after ten minutes, and none of another account', async () => {
    const owner = await newSignedIn(h);
    const stranger = await newSignedIn(h);
    const number = someNumber();
    await ask(owner, number);
    const code = await codeFor(number);
    expect((await confirm(stranger, code)).body.code).toBe('invalid-code');
    h.clock.advance(10 * 60_000);
    const { accessToken } = (await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body;
    expect((await confirm({ ...owner, accessToken }, code)).body.code).toBe('invalid-code');
  });

  it('V6.3.8 answers the same for a number that somebody has, whose holder gets a word and no code', async () => {
    const number = someNumber();
    const holder = await newSignedIn(h);
    await ask(holder, number);
    await confirm(holder, await codeFor(number));
    const owner = await newSignedIn(h);
    expect(await ask(owner, number)).toMatchObject({ status: 202, body: {} });
    const [text] = await h.mails(number);
    expect(text?.text).toContain('another account');
    expect(text?.text).not.toMatch(/\d{6}/);
    expect((await phoneOf(holder)).phone).toBe(number);
  });

  it('V6.3.7 tells the old number, with links that freeze and undo', async () => {
    const [first, second] = [someNumber(), someNumber()];
    const owner = await newSignedIn(h);
    await ask(owner, first);
    await confirm(owner, await codeFor(first));
    await ask(owner, second);
    await confirm(owner, await codeFor(second));
    const [told] = await h.mails(first);
    expect(told?.text).toContain('/freeze#token=');
    expect((await mailedToken(h, owner.email, 'undo')).length).toBeGreaterThan(40);
    const used = await h.post('/v1/auth/link/use', { token: tokenIn(told, 'undo'), confirm: true });
    expect(used.body.hold).toMatchObject({ scope: 'all' });
    const { rows } = await h.pool.query('select phone from accounts where id = $1', [owner.accountId]);
    expect(rows).toEqual([{ phone: first }]);
    expect((await signIn(h, first)).code).toBe('account-held');
    expect((await signIn(h, second)).code).toBe('invalid-credentials');
  });

  it('sends five texts an hour to one number, whoever asks', async () => {
    const number = someNumber();
    for (let time = 0; time < 6; time++) await ask(await newSignedIn(h), number);
    expect(await h.mails(number)).toHaveLength(5);
  });

  it('is refused for what is no number', async () => {
    const owner = await newSignedIn(h);
    for (const newPhone of ['0151 1234567', '+49', 'ana', '+0123456789']) {
      expect((await ask(owner, newPhone)).body.errors, newPhone).toMatchObject([{ pointer: '/newPhone' }]);
    }
  });
});

describe('the SMS hook', () => {
  it('is posted each text once, signed as Standard Webhooks, and again after a failure under the same id', async () => {
    const sink = await openSink();
    const secret = randomBytes(32);
    const env = { SMS_HOOK_URL: sink.url, SMS_HOOK_SECRET: `whsec_${secret.toString('base64')}` };
    const other = await openHarness({ env });
    try {
      const owner = await newSignedIn(other);
      const newPhone = someNumber();
      sink.answer = () => ({ status: 500 });
      await other.post('/v1/me/phone-change', { newPhone }, { token: owner.accessToken });
      await other.mails();
      sink.answer = () => ({ status: 204 });
      other.clock.advance(2_000);
      await other.mails();
      expect(sink.received).toHaveLength(2);
      for (const { text, headers } of sink.received) {
        const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
        expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
        expect(JSON.parse(text)).toEqual({ to: newPhone, kind: 'phone-code', text: expect.stringMatching(/\d{6}/) });
      }
      const [first, second] = sink.received;
      expect(first?.headers['webhook-id']).toBe(second?.headers['webhook-id']);
      expect(first?.text).toBe(second?.text);
      expect(await other.mails(newPhone)).toEqual([]);
    } finally {
      await other.close();
      await sink.close();
    }
  });

  it('is missed politely in production', async () => {
    const env = {
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://id.example',
      SMTP_URL: 'smtp://127.0.0.1:9',
      HOLDFAST_SECRET: randomBytes(32).toString('base64'),
    };
    const production = await openHarness({ env });
    try {
      const owner = await newSignedIn(production);
      const token = owner.accessToken;
      expect((await production.get('/v1/me/contacts', token)).body.canChangePhone).toBe(false);
      expect((await production.post('/v1/me/phone-change', { newPhone: someNumber() }, { token })).status).toBe(404);
    } finally {
      await production.close();
    }
  });
});
