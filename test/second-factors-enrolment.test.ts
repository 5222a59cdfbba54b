import argon2 from 'argon2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  enrolTotp,
  type Harness,
  newApiKey,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  totpCode,
} from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.factorChangesPerAccount': 100, 'passwords.argon2id': 'm=19456,t=2,p=1' } });
});
afterAll(() => h.close());

const codeNow = (secret: string) => totpCode(secret, h.clock.now());
const me = (token: string) => h.get('/v1/me', token);
const start = (owner: Owner) => h.post('/v1/me/totp', undefined, { token: owner.accessToken });
const confirm = (owner: Owner, code: string) => h.post('/v1/me/totp/confirm', { code }, { token: owner.accessToken });
const remove = (owner: Owner, code: string) =>
  h.call('DELETE', '/v1/me/totp', { body: { code }, token: owner.accessToken });
const signIn = async (owner: Owner) =>
  (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD })).body;
const row = async (sql: string, ...values: unknown[]) => (await h.pool.query(sql, values)).rows[0];

describe('enrolling an authenticator', () => {
  it('OT-1 OT-8 shows 160 random bits, a URI and a picture, and changes nothing yet', async () => {
    const owner = await newOwner(h);
    const { status, body } = await start(owner);
    expect(status).toBe(201);
    expect(Object.keys(body).sort()).toEqual(['factorId', 'otpauthUri', 'qrSvg', 'secret']);
    expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(body.otpauthUri).toContain(`secret=${body.secret}`);
    expect(body.qrSvg).toMatch(/^<svg/);
    expect((await me(owner.accessToken)).body.secondFactor).toMatchObject({
      totp: false,
      passkeys: 0,
      recoveryCodesLeft: 0,
    });
    expect((await signIn(owner)).status).toBe('signed-in');
  });

  it('V7.4.3 goes on with the session that did it and ends all others, and their devices', async () => {
    const owner = await newOwner(h);
    const other = await signIn(owner);
    const { body } = await start(owner);
    const answer = await confirm(owner, codeNow(body.secret));
    expect(answer.status).toBe(200);
    expect(answer.body.recoveryCodes).toHaveLength(10);
    expect((await me(owner.accessToken)).body.secondFactor).toMatchObject({
      totp: true,
      passkeys: 0,
      recoveryCodesLeft: 10,
    });
    expect((await me(other.accessToken)).status).toBe(401);
    expect((await h.post('/v1/auth/refresh', { refreshToken: other.refreshToken })).status).toBe(401);
    expect((await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).status).toBe(200);
    const { rows } = await h.pool.query('select id from devices where account_id = $1', [owner.accountId]);
    expect(rows).toHaveLength(1);
    expect((await signIn(owner)).status, 'from now on').toBe('second-factor-required');
  });

  it('NB-B2 V6.3.7 is told in a mail that freezes, and withdrawals wait for a day', async () => {
    const owner = await newOwner(h);
    const apiKey = await newApiKey(h, ['accounts:read']);
    const gate = async (action: string) =>
      (await h.get(`/v1/server/accounts/${owner.accountId}/gate?action=${action}`, apiKey)).body;
    expect((await gate('withdrawal')).allowed).toBe(true);
    const started = h.clock.now().getTime();
    await enrolTotp(h, owner);
    const [mail] = await h.mails(owner.email);
    expect(mail?.text).toMatch(/\/freeze#token=/);
    const until = new Date(started + 86_400_000).toISOString();
    expect((await me(owner.accessToken)).body.holds).toMatchObject([
      { scope: 'withdrawals', reasonCode: 'credential-change', until },
    ]);
    expect((await gate('withdrawal')).allowed).toBe(false);
    expect((await gate('payment')).allowed).toBe(true);
    h.clock.advance(86_400_000);
    expect((await gate('withdrawal')).allowed).toBe(true);
  });

  it('takes the confirming code once, and starts over with a new secret', async () => {
    const owner = await newOwner(h);
    const first = (await start(owner)).body;
    const second = (await start(owner)).body;
    expect(second.secret).not.toBe(first.secret);
    expect((await confirm(owner, codeNow(first.secret))).body.code).toBe('invalid-code');
    const code = codeNow(second.secret);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(owner, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const credentials = { identifier: owner.email, password: PASSWORD, code };
    expect((await h.post('/v1/auth/sign-in', credentials)).status, 'the confirming code is spent').toBe(401);
  });

  it('needs a pending secret to confirm', async () => {
    expect((await confirm(await newOwner(h), '123456')).body.code).toBe('invalid-code');
  });
});

describe('what is kept of it', () => {
  it('V6.5.2 NB-L2 recovery codes are argon2id with a salt each, checked here with another library', async () => {
    const owner = await newOwner(h);
    const { recoveryCodes } = await enrolTotp(h, owner);
    const { rows } = await h.pool.query('select * from recovery_codes where account_id = $1', [owner.accountId]);
    expect(rows).toHaveLength(10);
    for (const { code_hash } of rows) expect(code_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$/);
    expect(new Set(rows.map(({ code_hash }) => code_hash.split('$')[4])).size).toBe(10);
    const [code] = recoveryCodes as [string];
    const stored = rows.find(({ selector }) => selector === code.slice(0, 4));
    expect(await argon2.verify(stored.code_hash, code)).toBe(true);
    for (const issued of recoveryCodes) expect(JSON.stringify(rows)).not.toContain(issued.slice(5));
  });

  it('NB-O6 V11.3.3 the secret is encrypted and bound to its row: moved to another it opens nothing', async () => {
    const [owner, thief] = [await newOwner(h), await newOwner(h)];
    const [own, stolen] = [await enrolTotp(h, owner), await enrolTotp(h, thief)];
    const secretOf = async ({ accountId }: Owner) =>
      (await row('select secret from totp_factors where account_id = $1', accountId)).secret as string;
    const [mine, theirs] = [await secretOf(owner), await secretOf(thief)];
    expect(mine).not.toContain(own.secret);
    expect(Buffer.from(mine.split('.')[1] ?? '', 'base64url').toString('latin1')).not.toContain(own.secret);
    await h.pool.query('update totp_factors set secret = $2 where account_id = $1', [owner.accountId, theirs]);
    const credentials = { identifier: owner.email, password: PASSWORD };
    for (const secret of [own.secret, stolen.secret]) {
      const answer = await h.post('/v1/auth/sign-in', { ...credentials, code: codeNow(secret) });
      expect(answer.status).toBeGreaterThanOrEqual(401);
      expect(answer.body).not.toHaveProperty('accessToken');
    }
    await h.pool.query('update totp_factors set secret = $2 where account_id = $1', [owner.accountId, mine]);
    expect((await h.post('/v1/auth/sign-in', { ...credentials, code: codeNow(own.secret) })).status).toBe(200);
  });
});

describe('removing it', () => {
  it('V6.5.6 OW-MF2 needs a code, ends other sessions, is told, and starts the wait for withdrawals anew', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    expect((await remove(owner, '000000')).body.code).toBe('invalid-code');
    expect((await remove(owner, codeNow(secret))).status).toBe(204);
    expect((await me(owner.accessToken)).body.secondFactor).toMatchObject({
      totp: false,
      passkeys: 0,
      recoveryCodesLeft: 0,
    });
    const until = new Date(h.clock.now().getTime() + 86_400_000).toISOString();
    expect((await me(owner.accessToken)).body.holds).toMatchObject([{ scope: 'withdrawals', until }]);
    const [mail] = await h.mails(owner.email);
    expect(mail?.text).toMatch(/\/freeze#token=/);
    expect((await signIn(owner)).status).toBe('signed-in');
  });
});

describe('V7.5.1 HT-S1 a session that is not fresh', () => {
  it.each([
    ['POST', '/v1/me/totp', undefined],
    ['POST', '/v1/me/totp/confirm', { code: '123456' }],
    ['DELETE', '/v1/me/totp', { code: '123456' }],
    ['POST', '/v1/me/recovery-codes', { code: '123456' }],
  ])(
    'is told to sign in again at %s %s, as RFC 9470 says, and refreshing does not help',
    async (method, path, body) => {
      const owner = await newOwner(h);
      h.clock.advance(15 * 60_000);
      const atLimit = (await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body;
      const call = (token: string) => h.call(method, path, { body, token });
      expect((await call(atLimit.accessToken)).body?.code).not.toBe('insufficient-authentication');
      h.clock.advance(1);
      const fresh = (await h.post('/v1/auth/refresh', { refreshToken: atLimit.refreshToken })).body;
      const answer = await call(fresh.accessToken);
      expect([answer.status, answer.body.code]).toEqual([401, 'insufficient-authentication']);
      expect(answer.headers.get('www-authenticate')).toMatch(
        /^Bearer error="insufficient_user_authentication", error_description="[^"]+", acr_values="aal1", max_age="900"$/,
      );
      expect((await me(fresh.accessToken)).status, 'reading goes on').toBe(200);
    },
  );
});
