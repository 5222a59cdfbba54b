import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAuthenticator } from './support/authenticator.ts';
import { enrolBy, enrolmentToken, firstStep, newEnrolled, secondStep } from './support/enrolling.ts';
import { type Harness, newAgent, openHarness, PASSWORD, someEmail, tokenIn, totpCode } from './support/harness.ts';
import { originOf } from './support/passkeys.ts';
import { holding, untilWaiting } from './support/races.ts';
import { count, freezeByAgent, hostKey, mailedToken, newAccount } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { secondFactor: 'required' } });
});
afterAll(() => h.close());

const start = (token: string) => h.post('/v1/auth/enrolment/totp', { enrolmentToken: token });
const confirm = (token: string, code: string, extra: object = {}) =>
  h.post('/v1/auth/enrolment/totp/confirm', { enrolmentToken: token, code, ...extra });
const codeOf = (secret: string) => totpCode(secret, h.clock.now());
const wrongCode = (secret: string) => String((Number(codeOf(secret)) + 1) % 1_000_000).padStart(6, '0');

/** Everything but the calls of an enrolment that takes a token. */
async function expectOpensNothing(token: string): Promise<void> {
  for (const path of ['/v1/me', '/v1/me/sessions', '/v1/me/cases', '/v1/agent/cases', '/v1/server/revocations']) {
    expect((await h.get(path, token)).status, path).toBe(401);
  }
  const asked = [
    await h.post('/v1/auth/refresh', { refreshToken: token }),
    await h.post('/v1/auth/sign-out', undefined, { token }),
    await secondStep(h, token, 'totp', '000000'),
    await h.post('/v1/auth/case-access', { token }),
    await h.post('/v1/auth/link/use', { token, confirm: true }),
  ];
  expect(asked.map(({ status }) => status)).toEqual([401, 401, 401, 400, 400]);
  const introspected = await h.post('/v1/server/sessions/introspect', { token }, { token: await hostKey(h) });
  expect(introspected.text).toBe('{"active":false}');
}

describe('V6.3.3 PS-97.1 where a second factor is required, an account without one', () => {
  it('is let in to enrol and to nothing else: no session, no token that anything else takes', async () => {
    const { email, accountId } = await newAccount(h);
    const { status, body } = await firstStep(h, email);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'enrolment-required',
      enrolmentToken: expect.stringMatching(/^hf_en_[\w-]{43}$/),
      factors: ['totp', 'passkey'],
      expiresIn: 900,
    });
    await expectOpensNothing(body.enrolmentToken);
    expect(await count(h, 'sessions', accountId)).toBe(0);
    expect(await count(h, 'devices', accountId)).toBe(0);
  });

  it('V14.2.1 has its token and its new secret in no table', async () => {
    const token = await enrolmentToken(h, (await newAccount(h)).email);
    const { secret } = (await start(token)).body;
    const tables = await h.pool.query("select tablename from pg_tables where schemaname = 'public'");
    for (const { tablename } of tables.rows) {
      const { rows } = await h.pool.query(`select row_to_json(t)::text as row from ${tablename} t`);
      const text = rows.map(({ row }) => row).join();
      for (const bytes of [token, token.slice('hf_en_'.length), secret]) {
        for (const form of [bytes, Buffer.from(bytes).toString('hex'), Buffer.from(bytes).toString('base64url')]) {
          expect(text.includes(form), tablename).toBe(false);
        }
      }
    }
  });

  it('is signed in by the first code of its new authenticator, with its recovery codes', async () => {
    const { email, accountId } = await newAccount(h);
    const token = await enrolmentToken(h, email);
    const { status, body: shown } = await start(token);
    expect(status).toBe(201);
    expect(shown).toMatchObject({
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      qrSvg: expect.stringContaining('<svg'),
    });
    const { body } = await confirm(token, codeOf(shown.secret));
    expect(body).toMatchObject({ status: 'signed-in', accountId, expiresIn: 300, sessionId: expect.any(String) });
    expect(new Set(body.recoveryCodes).size).toBe(10);
    const me = await h.get('/v1/me', body.accessToken);
    expect(me.body.secondFactor).toMatchObject({ recoveryCodesLeft: 10 });
    const introspected = await h.post(
      '/v1/server/sessions/introspect',
      { token: body.accessToken },
      { token: await hostKey(h) },
    );
    expect(introspected.body).toMatchObject({
      active: true,
      sid: body.sessionId,
      acr: 'aal2',
      amr: ['pwd', 'otp', 'mfa'],
    });
    expect((await h.post('/v1/auth/refresh', { refreshToken: body.refreshToken })).status).toBe(200);
    const { rows } = await h.pool.query('select type from events where account_id = $1 order by id', [accountId]);
    expect(rows.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['enrolment.required', 'totp.enrolled', 'totp.confirmed', 'sign-in.succeeded']),
    );
    expect((await h.mails(email)).map(({ subject }) => subject).join()).toContain('Authenticator app added');
  });

  it('is signed in by a new passkey as well', async () => {
    const { email, accountId } = await newAccount(h);
    const enrolmentToken = (await firstStep(h, email)).body.enrolmentToken;
    const asked = await h.post('/v1/auth/enrolment/passkey', { enrolmentToken });
    const credential = newAuthenticator(originOf(h)).create(asked.body);
    const confirmed = () => h.post('/v1/auth/enrolment/passkey/confirm', { enrolmentToken, credential });
    const answers = await Promise.all(Array.from({ length: 16 }, confirmed));
    const [{ body }] = answers.filter(({ status }) => status === 200) as [(typeof answers)[number]];
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(body.recoveryCodes).toHaveLength(10);
    const introspected = await h.post(
      '/v1/server/sessions/introspect',
      { token: body.accessToken },
      { token: await hostKey(h) },
    );
    expect(introspected.body).toMatchObject({ active: true, acr: 'aal2', amr: ['pwd', 'swk', 'user', 'mfa'] });
    expect(await count(h, 'passkeys', accountId)).toBe(1);
    expect(await count(h, 'sessions', accountId)).toBe(1);
  });

  it('signs in with both from then on, and never with the password alone', async () => {
    const owner = await newEnrolled(h);
    const again = await firstStep(h, owner.email, { deviceToken: owner.deviceToken });
    expect(again.body).toMatchObject({ status: 'second-factor-required' });
    const signedIn = await secondStep(h, again.body.challenge, 'totp', codeOf(owner.secret));
    expect(signedIn.body).toMatchObject({ status: 'signed-in', accountId: owner.accountId });
  });

  it('keeps tokens in cookies where that is asked for, and the recovery codes in the body', async () => {
    const { email } = await newAccount(h);
    const token = await enrolmentToken(h, email);
    const { secret } = (await start(token)).body;
    const { body, headers } = await confirm(token, codeOf(secret), { tokens: 'cookie' });
    expect(body).not.toHaveProperty('refreshToken');
    expect(body.recoveryCodes).toHaveLength(10);
    expect(headers.getSetCookie().join()).toContain('__Host-holdfast-refresh=');
  });

  it('V6.5.1 V15.4.2 has its token used once, by one of sixteen at once', async () => {
    const { email, accountId } = await newAccount(h);
    const token = await enrolmentToken(h, email);
    const { secret } = (await start(token)).body;
    const code = codeOf(secret);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(token, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status >= 500 && status !== 503)).toEqual([]);
    expect(await count(h, 'sessions', accountId, 'ended_at is null')).toBe(1);
    expect(await count(h, 'totp_factors', accountId, 'confirmed_at is not null')).toBe(1);
    expect((await confirm(token, code)).body.code).toBe('invalid-token');
    expect((await start(token)).body.code).toBe('invalid-token');
  });

  it('has one factor bound where two browsers enrol at once', async () => {
    const { email, accountId } = await newAccount(h);
    const tokens = [await enrolmentToken(h, email), await enrolmentToken(h, email)] as const;
    const first = (await start(tokens[0])).body.secret;
    const second = (await start(tokens[1])).body.secret;
    // The later secret stands in place of the earlier, whoever saw that one.
    expect((await confirm(tokens[0], codeOf(first))).body.code).toBe('invalid-code');
    expect((await confirm(tokens[1], codeOf(second))).status).toBe(200);
    expect((await start(tokens[0])).body.code).toBe('invalid-token');
    expect(await count(h, 'totp_factors', accountId)).toBe(1);
  });

  it('ends after five wrong codes, and after fifteen minutes', async () => {
    const { email } = await newAccount(h);
    const token = await enrolmentToken(h, email);
    const { secret } = (await start(token)).body;
    for (let n = 0; n < 5; n++) expect((await confirm(token, wrongCode(secret))).body.code).toBe('invalid-code');
    expect((await confirm(token, codeOf(secret))).body.code).toBe('invalid-token');
    const late = await enrolmentToken(h, email);
    h.clock.advance(15 * 60_000 + 1);
    expect((await start(late)).body.code).toBe('invalid-token');
  });

  it('does not tell an unknown token from one that ended', async () => {
    const { status, body } = await start('hf_en_nobody-was-ever-given-this-one');
    expect([status, body.code]).toEqual([400, 'invalid-token']);
    expect((await confirm('hf_en_nobody-was-ever-given-this-one', '000000')).body.code).toBe('invalid-token');
    const passkey = await h.post('/v1/auth/enrolment/passkey', { enrolmentToken: 'hf_en_nobody-was-ever-given-this' });
    expect(passkey.body.code).toBe('invalid-token');
  });

  it('may have a password of eight characters, and one set by its host', async () => {
    const email = someEmail();
    const seven = await h.post('/v1/auth/sign-up', { email, password: 'rT7-q0x' });
    expect([seven.status, seven.body.reason]).toEqual([422, 'too-short']);
    expect((await h.post('/v1/auth/sign-up', { email, password: 'rT7-q0xw' })).status).toBe(202);
    await h.post('/v1/auth/email-confirmation', { token: tokenIn((await h.mails(email))[0], 'confirm') });
    const { body } = await firstStep(h, email, { password: 'rT7-q0xw' });
    expect(body.status).toBe('enrolment-required');
    const enrolled = await enrolBy(h, body.enrolmentToken);
    expect(enrolled.accessToken).toEqual(expect.any(String));
  });

  it('cannot take its last factor away again, and spends no code by trying', async () => {
    const owner = await newEnrolled(h);
    const [code] = owner.recoveryCodes;
    for (let n = 0; n < 2; n++) {
      const { status, body } = await h.call('DELETE', '/v1/me/totp', { body: { code }, token: owner.accessToken });
      expect([status, body.code]).toEqual([409, 'last-second-factor']);
    }
    expect(await count(h, 'recovery_codes', owner.accountId, 'used_at is null')).toBe(10);
  });
});

describe('an enrolment that was begun', () => {
  const begin = async () => {
    const account = await newAccount(h);
    const token = await enrolmentToken(h, account.email);
    const { secret } = (await start(token)).body;
    return { ...account, token, secret };
  };

  it('V7.4.2 dies with a freeze, and is not to be had in one', async () => {
    const { accountId, email, token, secret } = await begin();
    await freezeByAgent(h, await newAgent(h), accountId);
    expect((await confirm(token, codeOf(secret))).body.code).toBe('invalid-token');
    const { status, body } = await firstStep(h, email);
    expect([status, body.code]).toEqual([403, 'account-held']);
    expect(await count(h, 'sessions', accountId)).toBe(0);
  });

  it.each(['security-changes', 'sign-in'])('is refused under a hold on %s, which is half of it', async (scope) => {
    const { accountId, email, token, secret } = await begin();
    const body = { scope, reasonCode: 'review', note: 'Checking' };
    const path = `/v1/agent/accounts/${accountId}/holds`;
    await h.post(path, body, { token: (await newAgent(h)).accessToken });
    expect((await confirm(token, codeOf(secret))).body.code).toBe('account-held');
    expect((await start(token)).body.code).toBe('account-held');
    expect((await firstStep(h, email)).body.code).toBe('account-held');
  });

  it('dies with a reset of the password', async () => {
    const { email, token, secret } = await begin();
    await h.post('/v1/auth/password-reset', { identifier: email });
    const reset = await mailedToken(h, email, 'reset');
    const answer = await h.post('/v1/auth/password-reset/confirm', { token: reset, newPassword: `${PASSWORD} anew` });
    expect(answer.status).toBe(204);
    expect((await confirm(token, codeOf(secret))).body.code).toBe('invalid-token');
    expect((await start(token)).body.code).toBe('invalid-token');
  });

  it('V15.4.2 dies with a reset that came between its token and the lock', async () => {
    const { email, accountId } = await newAccount(h);
    const enrolmentToken = (await firstStep(h, email)).body.enrolmentToken;
    const asked = await h.post('/v1/auth/enrolment/passkey', { enrolmentToken });
    const credential = newAuthenticator(originOf(h)).create(asked.body);
    await h.post('/v1/auth/password-reset', { identifier: email });
    const token = await mailedToken(h, email, 'reset');
    const newPassword = `${PASSWORD} anew`;
    const lock = 'select from accounts where id = $1 for update';
    const running = await holding(h, lock, [accountId], async () => {
      const reset = h.post('/v1/auth/password-reset/confirm', { token, newPassword });
      await untilWaiting(h, 1);
      const enrolled = h.post('/v1/auth/enrolment/passkey/confirm', { enrolmentToken, credential });
      await untilWaiting(h, 2);
      return [reset, enrolled];
    });
    const answers = await Promise.all(running);
    expect(answers.map(({ status, body }) => [status, body?.code])).toEqual([
      [204, undefined],
      [400, 'invalid-token'],
    ]);
    expect(await count(h, 'sessions', accountId)).toBe(0);
    expect(await count(h, 'passkeys', accountId)).toBe(0);
  });

  it('dies when an agent requires a new password, which comes before any enrolment', async () => {
    const { accountId, email, token, secret } = await begin();
    const path = `/v1/agent/accounts/${accountId}/require-password-reset`;
    await h.post(path, { note: 'Phished' }, { token: (await newAgent(h, 'lead')).accessToken });
    expect((await confirm(token, codeOf(secret))).body.code).toBe('invalid-token');
    expect((await firstStep(h, email)).body.code).toBe('password-change-required');
  });

  it('dies with the password it rests on, when that is disabled', async () => {
    const { accountId, token, secret } = await begin();
    await h.pool.query('update passwords set disabled_at = now() where account_id = $1', [accountId]);
    expect((await confirm(token, codeOf(secret))).body.code).toBe('invalid-token');
  });
});

describe('V6.3.4 no way in goes past it:', () => {
  it('a code in one shot is no factor of an account that has none', async () => {
    const { email } = await newAccount(h);
    expect((await firstStep(h, email, { code: '123456' })).body.status).toBe('enrolment-required');
  });

  it('a known device without a second factor is asked for one', async () => {
    const owner = await newEnrolled(h);
    await h.pool.query('delete from totp_factors where account_id = $1', [owner.accountId]);
    const { body } = await firstStep(h, owner.email, { deviceToken: owner.deviceToken });
    expect(body.status).toBe('enrolment-required');
    const { secret } = (await start(body.enrolmentToken)).body;
    const answer = await confirm(body.enrolmentToken, codeOf(secret), { deviceToken: owner.deviceToken });
    expect(answer.status).toBe(200);
    // The browser goes on as the known device that it is; sessions from before are over.
    expect(await count(h, 'devices', owner.accountId)).toBe(1);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
  });

  it('sixteen right passwords at once open no session', async () => {
    const { email, accountId } = await newAccount(h);
    const answers = await Promise.all(Array.from({ length: 16 }, () => firstStep(h, email)));
    const opened = answers.filter(({ status }) => status === 200);
    expect(new Set(opened.map(({ body }) => body.status))).toEqual(new Set(['enrolment-required']));
    expect(await count(h, 'sessions', accountId)).toBe(0);
  });

  it('a session from before it was required opens nothing, and is not refreshed', async () => {
    const owner = await newEnrolled(h);
    await h.pool.query(`update sessions set acr = 'aal1', amr = '{pwd}' where account_id = $1`, [owner.accountId]);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
    const refreshed = await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken });
    expect([refreshed.status, refreshed.body.code]).toEqual([401, 'invalid-refresh-token']);
    const introspected = await h.post(
      '/v1/server/sessions/introspect',
      { token: owner.accessToken },
      { token: await hostKey(h) },
    );
    expect(introspected.text).toBe('{"active":false}');
  });
});
