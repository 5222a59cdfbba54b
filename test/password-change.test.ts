import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness, PASSWORD, totpCode } from './support/harness.ts';
import { count, enrol, freezeByAgent, hostKey, mailedToken, newSignedIn, signIn } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const NEW = 'another long enough sentence';
type Body = { currentPassword?: string; newPassword?: string; code?: string | undefined };
const change = (token: string, body: Body = {}, language = 'en') =>
  h.call('PUT', '/v1/me/password', {
    body: { currentPassword: PASSWORD, newPassword: NEW, ...body },
    token,
    headers: { 'accept-language': language },
  });
const me = async (token: string) => (await h.get('/v1/me', token)).status;

async function events(accountId: string, type: string) {
  const { rows } = await h.pool.query(
    'select actor_kind, session_id, detail from events where account_id = $1 and type = $2 order by id',
    [accountId, type],
  );
  return rows;
}

describe('V6.2.2 V6.2.3 a changed password', () => {
  it('takes the place of the old one; the calling session and its device go on', async () => {
    const owner = await newSignedIn(h);
    const answer = await change(owner.accessToken);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await me(owner.accessToken)).toBe(200);
    expect((await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).status).toBe(200);
    expect((await signIn(h, owner.email)).code).toBe('invalid-credentials');
    const { deviceToken } = owner;
    expect((await signIn(h, owner.email, { password: NEW, deviceToken })).status).toBe('signed-in');
    expect(await count(h, 'devices', owner.accountId)).toBe(1);
  });

  it('V7.4.3 ends other sessions, devices, half-done sign-ins and reset links', async () => {
    const owner = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    const other = await signIn(h, owner.email, { code: recoveryCodes[0] });
    const { challenge } = await signIn(h, owner.email);
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const token = await mailedToken(h, owner.email, 'reset');
    expect((await change(owner.accessToken, { code: recoveryCodes[1] ?? '' })).status).toBe(204);
    expect([await me(owner.accessToken), await me(other.accessToken)]).toEqual([200, 401]);
    expect((await h.post('/v1/auth/refresh', { refreshToken: other.refreshToken })).status).toBe(401);
    const second = { challenge, factor: 'recovery-code', code: recoveryCodes[2] };
    expect((await h.post('/v1/auth/second-factor', second)).body.code).toBe('invalid-challenge');
    const reset = await h.post('/v1/auth/password-reset/confirm', { token, newPassword: `${NEW} more` });
    expect(reset.body.code).toBe('invalid-token');
    expect(await count(h, 'devices', owner.accountId)).toBe(1);
  });

  it('V6.3.7 is told by mail with a link that freezes, is an event, and withdrawals wait a day', async () => {
    const owner = await newSignedIn(h);
    await signIn(h, owner.email);
    await change(owner.accessToken);
    const mail = (await h.mails(owner.email)).find(({ subject }) => subject.includes('password was changed'));
    expect(mail?.text).toMatch(/\/freeze#token=hf_ln_\S+$/m);
    expect(await events(owner.accountId, 'password.changed')).toEqual([
      { actor_kind: 'owner', session_id: owner.sessionId, detail: { amr: ['pwd'], endedSessions: 1 } },
    ]);
    const path = `/v1/server/accounts/${owner.accountId}/gate?action=withdrawal`;
    const until = new Date(h.clock.now().getTime() + 86_400_000).toISOString();
    expect((await h.get(path, await hostKey(h))).body).toMatchObject({ allowed: false, holds: [{ until }] });
    const freezing = await mailedToken(h, owner.email, 'freeze');
    expect((await h.post('/v1/auth/link/use', { token: freezing, confirm: true })).status).toBe(200);
  });

  it('OW-FP8 keeps to the policy, with the account’s own words, and is not the one before', async () => {
    const owner = await newSignedIn(h, { username: 'a-quite-long-username' });
    const reasonOf = async (newPassword: string, language?: string) => {
      const { status, body } = await change(owner.accessToken, { newPassword }, language);
      expect([status, body.code, body.errors?.[0].pointer]).toEqual([422, 'weak-password', '/newPassword']);
      return body;
    };
    expect((await reasonOf('short')).reason).toBe('too-short');
    expect((await reasonOf('a-quite-long-username')).reason).toBe('contextual');
    expect((await reasonOf('passwordpassword')).reason).toBe('common');
    expect((await reasonOf(PASSWORD)).reason).toBe('unchanged');
    expect((await reasonOf(PASSWORD, 'zh-CN')).detail).toMatch(/[\u4e00-\u9fff]/);
    expect((await signIn(h, owner.email)).status).toBe('signed-in');
  });

  it('frees the way that strangers’ guesses had counted towards its end', async () => {
    const owner = await newSignedIn(h);
    for (let guess = 0; guess < 3; guess++) await signIn(h, owner.email, { password: 'not the right one at all' });
    await change(owner.accessToken);
    const { rows } = await h.pool.query('select consecutive_failures from passwords where account_id = $1', [
      owner.accountId,
    ]);
    expect(rows[0].consecutive_failures).toBe(0);
  });
});

describe('a stolen session', () => {
  it('V6.2.3 gets five guesses at the password, counted with those of its device, and no sixth', async () => {
    const owner = await newSignedIn(h);
    for (let guess = 0; guess < 5; guess++) {
      const wrong = await change(owner.accessToken, { currentPassword: `guess number ${guess}` });
      expect([wrong.status, wrong.body.code]).toEqual([401, 'invalid-credentials']);
    }
    const locked = await change(owner.accessToken);
    expect([locked.status, locked.body.code]).toEqual([429, 'too-many-attempts']);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(60);
    expect((await signIn(h, owner.email, { deviceToken: owner.deviceToken })).code).toBe('too-many-attempts');
    expect((await signIn(h, owner.email)).status, 'others are not locked').toBe('signed-in');
    const failures = await events(owner.accountId, 'password.change-failed');
    expect(failures).toHaveLength(5);
    expect(failures[0]).toMatchObject({ session_id: owner.sessionId, detail: { reason: 'wrong-password' } });
  });

  it('has its guesses reserved before they are checked: sixteen at once are five', async () => {
    const owner = await newSignedIn(h);
    const guesses = Array.from({ length: 16 }, (_, n) => change(owner.accessToken, { currentPassword: `guess ${n}` }));
    const codes = (await Promise.all(guesses)).map(({ body }) => body.code);
    expect(codes.filter((code) => code === 'invalid-credentials').length).toBeLessThanOrEqual(5);
    expect(await events(owner.accountId, 'password.change-failed')).toHaveLength(
      codes.filter((code) => code === 'invalid-credentials').length,
    );
  });

  it('changes nothing without a session, with another audience’s token, or once it ended', async () => {
    const owner = await newSignedIn(h);
    const agent = await newAgent(h);
    for (const token of ['nonsense', agent.accessToken, await hostKey(h)])
      expect((await change(token)).status).toBe(401);
    await h.post('/v1/auth/sign-out', undefined, { token: owner.accessToken });
    expect((await change(owner.accessToken)).status).toBe(401);
    expect((await signIn(h, owner.email)).status).toBe('signed-in');
  });
});

describe('V6.4.3 with a second factor a change', () => {
  it('asks for a code before it looks at the password, and a wrong password spends none', async () => {
    const owner = await newSignedIn(h);
    const { secret } = await enrol(h, owner.accessToken);
    h.clock.advance(30_000);
    const asked = await change(owner.accessToken, { currentPassword: 'not the right one at all' });
    expect([asked.status, asked.body.code, asked.body.factors]).toEqual([
      401,
      'second-factor-required',
      ['totp', 'recovery-code'],
    ]);
    expect(await events(owner.accountId, 'password.change-failed')).toEqual([]);
    const code = totpCode(secret, h.clock.now());
    const wrong = await change(owner.accessToken, { currentPassword: 'not the right one at all', code });
    expect(wrong.body.code).toBe('invalid-credentials');
    const wrongCode = await change(owner.accessToken, { code: '000000' });
    expect([wrongCode.status, wrongCode.body.code]).toEqual([401, 'invalid-code']);
    expect((await change(owner.accessToken, { code })).status).toBe(204);
    const again = await change(owner.accessToken, { currentPassword: NEW, newPassword: `${NEW} two`, code });
    expect(again.body.code, 'each code opens one door once').toBe('invalid-code');
  });

  it('NB-P1 takes eight characters, which then must not stand alone', async () => {
    const owner = await newSignedIn(h);
    expect((await change(owner.accessToken, { newPassword: 'kT9#xQ2m' })).body.reason).toBe('too-short');
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    const seven = await change(owner.accessToken, { newPassword: 'kT9#xQ2', code: recoveryCodes[0] });
    expect([seven.body.reason, seven.body.detail]).toEqual(['too-short', expect.stringContaining('8')]);
    expect((await change(owner.accessToken, { newPassword: 'kT9#xQ2m', code: recoveryCodes[0] })).status).toBe(204);
    const remove = (code?: string) => h.call('DELETE', '/v1/me/totp', { body: { code }, token: owner.accessToken });
    const kept = await remove(recoveryCodes[1]);
    expect([kept.status, kept.body.reason, kept.body.detail]).toEqual([
      422,
      'too-short',
      expect.stringContaining('15'),
    ]);
    const longer = { currentPassword: 'kT9#xQ2m', newPassword: NEW, code: recoveryCodes[2] };
    expect((await change(owner.accessToken, longer)).status).toBe(204);
    expect((await remove(recoveryCodes[1])).status, 'the code was not spent by the refusal').toBe(204);
  });

  it('NB-P1 a short one whose factor is gone by another way opens nothing but is told so', async () => {
    const owner = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    await change(owner.accessToken, { newPassword: 'kT9#xQ2m', code: recoveryCodes[0] });
    await h.pool.query('delete from totp_factors where account_id = $1', [owner.accountId]);
    for (const extra of [{}, { deviceToken: owner.deviceToken }]) {
      expect((await signIn(h, owner.email, { password: 'kT9#xQ2m', ...extra })).code).toBe('password-change-required');
    }
  });
});

describe('a held account', () => {
  it('has no change, and its guesses are not counted as failures', async () => {
    const owner = await newSignedIn(h);
    const agent = await newAgent(h);
    const hold = { scope: 'security-changes', reasonCode: 'review', note: 'Checking' };
    await h.post(`/v1/agent/accounts/${owner.accountId}/holds`, hold, { token: agent.accessToken });
    for (let tries = 0; tries < 6; tries++) {
      expect((await change(owner.accessToken)).body.code).toBe('account-held');
    }
    expect((await signIn(h, owner.email)).status).toBe('signed-in');
    await freezeByAgent(h, agent, owner.accountId);
    expect((await change(owner.accessToken)).status).toBe(401);
  });
});

describe('sixteen at once', () => {
  it('V2.3.4 change it once; everybody else is refused and one password is left', async () => {
    const owner = await newSignedIn(h);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => change(owner.accessToken, { newPassword: `sentence number ${n} of many` })),
    );
    const won = answers.flatMap(({ status }, n) => (status === 204 ? [n] : []));
    expect(won).toHaveLength(1);
    for (const { status } of answers) expect([204, 401, 429]).toContain(status);
    expect(await events(owner.accountId, 'password.changed')).toHaveLength(1);
    expect(await events(owner.accountId, 'password.change-failed'), 'nobody guessed').toEqual([]);
    const password = `sentence number ${won[0]} of many`;
    expect((await signIn(h, owner.email, { password })).status).toBe('signed-in');
    const counters = await h.pool.query('select sum(cardinality(in_flight))::int as n from attempt_counters');
    expect(counters.rows[0].n, 'every place is given back').toBe(0);
  });
});
