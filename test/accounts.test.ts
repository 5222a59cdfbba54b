import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newApiKey, newOwner, openHarness, PASSWORD, someEmail, tokenIn } from './support/harness.ts';

let h: Harness;
let apiKey: string;
beforeAll(async () => {
  h = await openHarness();
  apiKey = await newApiKey(h, ['accounts:read', 'accounts:write']);
});
afterAll(() => h.close());

const create = (body: object) => h.post('/v1/server/accounts', body, { token: apiKey });
const find = (reference: string) => h.get(`/v1/server/accounts/${encodeURIComponent(reference)}`, apiKey);
const signIn = (identifier: string, password = PASSWORD) => h.post('/v1/auth/sign-in', { identifier, password });

describe('an account the host makes', () => {
  it('is found by its id and by its external id', async () => {
    const wanted = {
      email: 'Ana.Example@Example.com',
      externalId: 'customer/7 ü',
      username: 'Ana7',
      phone: '+49 (30) 123-4567',
      locale: 'zh-CN',
      emailConfirmed: true,
    };
    const { status, body } = await create(wanted);
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      externalId: 'customer/7 ü',
      email: 'Ana.Example@Example.com',
      emailConfirmed: true,
      username: 'ana7',
      phone: '+49301234567',
      phoneConfirmed: false,
      locale: 'zh-CN',
      createdAt: h.clock.now().toISOString(),
    });
    expect((await find(body.id)).body).toEqual(body);
    expect((await find('external:customer/7 ü')).body).toEqual(body);
    for (const unknown of ['external:nobody', '0190b0a0-0000-7000-8000-000000000000', 'not-an-id']) {
      expect((await find(unknown)).body.code, unknown).toBe('not-found');
    }
  });

  it('signs in at once by address and username where the host answers for the address, and gets no mail', async () => {
    const email = someEmail();
    await create({ email, username: 'host-made', password: PASSWORD, emailConfirmed: true });
    expect(await h.mails(email)).toEqual([]);
    expect((await signIn(email)).status).toBe(200);
    expect((await signIn('Host-Made')).status).toBe(200);
  });

  it('does not sign in before the mail is confirmed where the host does not', async () => {
    const email = someEmail();
    const { body } = await create({ email, password: PASSWORD, username: 'unconfirmed' });
    expect(body.emailConfirmed).toBe(false);
    expect((await signIn(email)).body.code).toBe('invalid-credentials');
    expect((await signIn('unconfirmed')).body.code).toBe('invalid-credentials');
    const token = tokenIn((await h.mails(email))[0], 'confirm');
    expect((await h.post('/v1/auth/email-confirmation', { token })).status).toBe(204);
    expect((await signIn(email)).status).toBe(200);
    expect((await find(body.id)).body.emailConfirmed).toBe(true);
    expect((await h.post('/v1/auth/email-confirmation', { token })).body.code).toBe('invalid-token');
  });

  it('V6.4.1 without a password is opened by a reset', async () => {
    const email = someEmail();
    await create({ email, emailConfirmed: true });
    expect((await signIn(email)).body.code).toBe('invalid-credentials');
    await h.post('/v1/auth/password-reset', { identifier: email });
    const token = tokenIn((await h.mails(email))[0], 'reset');
    expect((await h.post('/v1/auth/password-reset/confirm', { token, newPassword: PASSWORD })).status).toBe(204);
    expect((await signIn(email)).status).toBe(200);
  });

  it('is refused when an identifier or the external id is taken, in any spelling', async () => {
    const owner = await newOwner(h, { username: 'taken-name' });
    const first = { email: someEmail(), externalId: 'taken-id' };
    expect((await create(first)).status).toBe(201);
    for (const taken of [
      { email: owner.email },
      { email: owner.email.toUpperCase() },
      { email: someEmail(), username: 'TAKEN-name' },
      { email: someEmail(), externalId: 'taken-id' },
    ]) {
      const { status, body } = await create(taken);
      expect([status, body.code], JSON.stringify(taken)).toEqual([409, 'account-exists']);
    }
    const { rows } = await h.pool.query('select count(*)::int as n from accounts where email = $1', [owner.email]);
    expect(rows[0].n).toBe(1);
  });

  it('V15.4.2 is made once among sixteen calls with the same address, and only one leaves a trace', async () => {
    const email = someEmail();
    const answers = await Promise.all(Array.from({ length: 16 }, () => create({ email })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'account-exists')).toHaveLength(15);
    const { rows } = await h.pool.query(
      `select (select count(*)::int from accounts where email = $1) as accounts,
         (select count(*)::int from events e join accounts a on a.id = e.account_id
          where a.email = $1 and e.type = 'account.created') as events`,
      [email],
    );
    expect(rows).toEqual([{ accounts: 1, events: 1 }]);
  });

  it('V8.2.3 V15.3.3 is refused with fields nobody asked for, or what is no address or phone', async () => {
    for (const bad of [
      { email: someEmail(), role: 'admin' },
      { email: someEmail(), closedAt: null },
      { email: 'no address' },
      { email: `${someEmail()}, ${someEmail()}` },
      { email: 'a@b.c\r\nBcc: x@example.com' },
      { email: someEmail(), phone: '12345' },
      { email: someEmail(), username: 'a@b' },
      { email: someEmail(), username: '123456' },
      { email: someEmail(), externalId: '' },
    ]) {
      const { status, body } = await create(bad);
      expect([status, body.code], JSON.stringify(bad)).toEqual([422, 'invalid-request']);
    }
    const weak = await create({ email: someEmail(), password: 'short' });
    expect([weak.status, weak.body.reason]).toEqual([422, 'too-short']);
  });
});

describe('a username of somebody else', () => {
  it('stays theirs: a sign-up with it gets the account without it', async () => {
    const owner = await newOwner(h, { username: 'sought-after' });
    const late = await newOwner(h, { username: 'Sought-After' });
    expect((await signIn('sought-after')).body.accountId).toBe(owner.accountId);
    expect((await find(late.accountId)).body.username).toBeNull();
  });
});

describe('GET /v1/me', () => {
  it('shows the owner their account, and none of its secrets (V15.3.1)', async () => {
    const owner = await newOwner(h, { locale: 'zh-CN' });
    expect((await h.get('/v1/me', owner.accessToken)).body).toEqual({
      id: owner.accountId,
      email: owner.email,
      emailConfirmed: true,
      locale: 'zh-CN',
      secondFactor: { totp: false, passkeys: 0, sms: false, recoveryCodesLeft: 0, recoveryCodesLow: false },
      holds: [],
      watchUntil: null,
    });
  });
});
