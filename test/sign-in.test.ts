import argon2 from 'argon2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newOwner, openHarness, PASSWORD, someEmail, tokenIn } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'passwords.argon2id': 'm=19456,t=2,p=1' } });
});
afterAll(() => h.close());

const signIn = (identifier: string, password = PASSWORD, extra: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier, password, ...extra });

/** Signs up and confirms with this password. */
async function newAccount(password: string): Promise<string> {
  const email = someEmail();
  await h.post('/v1/auth/sign-up', { email, password });
  await h.post('/v1/auth/email-confirmation', { token: tokenIn((await h.mails(email))[0], 'confirm') });
  return email;
}

async function storedHash(accountId: string): Promise<string> {
  return (await h.pool.query('select hash from passwords where account_id = $1', [accountId])).rows[0].hash;
}

describe('sign-in', () => {
  it('hands out tokens and ids, and records it with its factors (V16.3.1)', async () => {
    const owner = await newOwner(h);
    const { status, body, headers } = await signIn(owner.email);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(
      ['accessToken', 'accountId', 'deviceToken', 'expiresIn', 'refreshToken', 'sessionId', 'status'].sort(),
    );
    expect(body).toMatchObject({ status: 'signed-in', expiresIn: 300, accountId: owner.accountId });
    expect(headers.get('cache-control')).toBe('no-store');
    const { rows } = await h.pool.query(
      `select detail from events where session_id = $1 and type = 'sign-in.succeeded'`,
      [body.sessionId],
    );
    expect(rows).toEqual([{ detail: { amr: ['pwd'], isNewDevice: true } }]);
  });

  it('takes the address in any case and form, and the username', async () => {
    const owner = await newOwner(h, { username: 'Jörg.Müller' });
    for (const identifier of [
      owner.email.toUpperCase(),
      ` ${owner.email} `,
      'jörg.müller',
      'JÖRG.MÜLLER'.normalize('NFD'),
    ]) {
      expect((await signIn(identifier)).body, identifier).toMatchObject({ accountId: owner.accountId });
    }
  });

  it('does not take a phone number nobody has confirmed', async () => {
    await newOwner(h, { phone: '+49 30 1234567' });
    expect((await signIn('+49301234567')).body.code).toBe('invalid-credentials');
  });

  it('refuses wrong, unknown, unconfirmed and closed alike (V6.3.8, OW-AU3)', async () => {
    const owner = await newOwner(h);
    const closed = await newOwner(h);
    await h.pool.query('update accounts set closed_at = $2 where id = $1', [closed.accountId, h.clock.now()]);
    const unconfirmed = someEmail();
    await h.post('/v1/auth/sign-up', { email: unconfirmed, password: PASSWORD });
    const answers = [
      await signIn(owner.email, `${PASSWORD}!`),
      await signIn(someEmail()),
      await signIn(unconfirmed),
      await signIn(closed.email),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(401);
      expect({ ...body, requestId: '' }).toEqual({ ...answers[0]?.body, requestId: '' });
      expect(body.code).toBe('invalid-credentials');
    }
  });

  it('NB-P9 takes a password in either Unicode form', async () => {
    const composed = 'Ångström über alle Brücken'.normalize('NFC');
    const decomposed = composed.normalize('NFD');
    expect(decomposed).not.toBe(composed);
    expect((await signIn(await newAccount(composed), decomposed)).status).toBe(200);
    expect((await signIn(await newAccount(decomposed), composed)).status).toBe(200);
  });

  it('V6.2.8 tells case, a trailing space and the last of 200 characters apart', async () => {
    const long = `${'correct horse battery staple '.repeat(8).slice(0, 199)}x`;
    expect(long).toHaveLength(200);
    const email = await newAccount(long);
    for (const wrong of [long.toUpperCase(), `${long} `, ` ${long}`, `${long.slice(0, -1)}y`]) {
      expect((await signIn(email, wrong)).status).toBe(401);
    }
    expect((await signIn(email, long)).status).toBe(200);
  });

  it('OW-AU8 refuses a password of a megabyte before hashing it', async () => {
    expect((await signIn(someEmail(), 'x'.repeat(1_000_000))).status).toBe(413);
    expect((await signIn(someEmail(), 'x'.repeat(5_000))).status).toBe(422);
  });
});

describe('the stored password', () => {
  it('V11.4.2 NB-P13 is a PHC string of an approved set that another library reads', async () => {
    const { accountId } = await newOwner(h);
    const hash = await storedHash(accountId);
    const [, parameters, salt = '', tag = ''] = /^\$argon2id\$v=19\$([^$]+)\$([^$]+)\$([^$]+)$/.exec(hash) ?? [];
    expect(parameters).toBe('m=19456,t=2,p=1');
    expect(Buffer.from(salt, 'base64')).toHaveLength(16);
    expect(Buffer.from(tag, 'base64')).toHaveLength(32);
    expect(await argon2.verify(hash, PASSWORD)).toBe(true);
    expect(await argon2.verify(hash, `${PASSWORD}!`)).toBe(false);
  });

  it('V11.2.2 NB-P13 is hashed anew at the next right password when its parameters are not today’s', async () => {
    const owner = await newOwner(h);
    const old = await argon2.hash(PASSWORD, { type: argon2.argon2id, memoryCost: 9216, timeCost: 4, parallelism: 1 });
    expect(old).toContain('$m=9216,');
    await h.pool.query('update passwords set hash = $2 where account_id = $1', [owner.accountId, old]);
    expect((await signIn(owner.email, `${PASSWORD}!`)).status).toBe(401);
    expect(await storedHash(owner.accountId)).toBe(old);
    expect((await signIn(owner.email)).status).toBe(200);
    const upgraded = await storedHash(owner.accountId);
    expect(upgraded).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await argon2.verify(upgraded, PASSWORD)).toBe(true);
    expect((await signIn(owner.email)).status).toBe(200);
    expect(await storedHash(owner.accountId)).toBe(upgraded);
  });

  it('V6.2.10 does not age', async () => {
    const owner = await newOwner(h);
    h.clock.advance(400 * 86_400_000);
    expect((await signIn(owner.email)).status).toBe(200);
  });
});

describe('cookies', () => {
  const secretsIn = (headers: Headers) => headers.getSetCookie().map((line) => line.split(/[=;]/)[1] ?? '');

  it('V3.3.1 V3.3.2 V3.3.3 V3.3.4 DC-10 hold refresh and device token, out of reach of scripts and other sites', async () => {
    const owner = await newOwner(h);
    const { body, headers } = await signIn(owner.email, PASSWORD, { tokens: 'cookie' });
    const cookies = headers.getSetCookie();
    expect(cookies.map((line) => line.split('=')[0])).toEqual(['__Host-holdfast-refresh', '__Host-holdfast-device']);
    for (const line of cookies) {
      expect(line).toMatch(/; Path=\//);
      expect(line).toMatch(/; HttpOnly/);
      expect(line).toMatch(/; Secure/);
      expect(line).toMatch(/; SameSite=Strict/);
      expect(line).not.toMatch(/Domain/i);
      expect(line).not.toContain(owner.email);
      expect(line.length).toBeLessThan(4096);
    }
    expect(cookies[0]).not.toMatch(/Max-Age|Expires/i);
    expect(body).not.toHaveProperty('refreshToken');
    expect(body).not.toHaveProperty('deviceToken');
    for (const secret of secretsIn(headers)) expect(JSON.stringify(body)).not.toContain(secret);
  });

  it('are not set where the tokens go into the body', async () => {
    const owner = await newOwner(h);
    const { body, headers } = await signIn(owner.email);
    expect(body.refreshToken).toMatch(/^hf_rt_/);
    expect(headers.getSetCookie()).toEqual([]);
  });

  it('V3.5.1 trade a refresh cookie only for a page of our own, and never show it', async () => {
    const owner = await newOwner(h);
    const signedIn = await signIn(owner.email, PASSWORD, { tokens: 'cookie' });
    const cookie = `__Host-holdfast-refresh=${secretsIn(signedIn.headers)[0]}`;
    const foreign = [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ];
    for (const headers of foreign) {
      const answer = await h.post('/v1/auth/refresh', {}, { headers: { cookie, ...headers } });
      expect(answer.body.code, JSON.stringify(headers)).toBe('cross-site');
    }
    const ours = { cookie, 'sec-fetch-site': 'same-origin' };
    const fresh = await h.post('/v1/auth/refresh', {}, { headers: ours });
    expect(fresh.status).toBe(200);
    expect(Object.keys(fresh.body).sort()).toEqual(['accessToken', 'expiresIn']);
    const [next] = secretsIn(fresh.headers);
    expect(next).toMatch(/^hf_rt_/);
    expect(fresh.text).not.toContain(next);
    const out = await h.post('/v1/auth/sign-out', undefined, { token: fresh.body.accessToken });
    expect(out.headers.getSetCookie()[0]).toMatch(/^__Host-holdfast-refresh=; Max-Age=0; Path=\/; HttpOnly; Secure/);
  });
});
