import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demands } from '../src/sessions/demands.ts';
import { nameOf, operations } from './support/contract.ts';
import { type Answer, type Harness, newAgent, openHarness, PASSWORD, strengthen, totpCode } from './support/harness.ts';
import { enrol, freezeByAgent, hostKey, newSignedIn, type SignedIn, signIn } from './support/seed.ts';

const MINUTE = 60_000;

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const renewed = async (owner: { refreshToken: string }) => {
  const { body } = await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken });
  return body as { accessToken: string; refreshToken: string };
};
const stepUp = (token: string, body: object) => h.post('/v1/me/step-up', body, { token });
const change = (token: string) => h.post('/v1/me/totp', undefined, { token });
const revokeOthers = (token: string) => h.call('POST', '/v1/me/sessions/revoke-others', { token });
const at = () => Math.floor(h.clock.now().getTime() / 1000);

/** An account with an authenticator, and the session that enrolled it by a password alone. */
async function newEnroller(): Promise<SignedIn & { secret: string; codes: string[] }> {
  const owner = await newSignedIn(h);
  const { secret, recoveryCodes: codes } = await enrol(h, owner.accessToken);
  await h.pool.query(`update sessions set acr = 'aal1', amr = '{pwd}' where id = $1`, [owner.sessionId]);
  return { ...owner, secret, codes };
}

function challengeOf({ status, body, headers }: Answer): [number, string, string | null] {
  return [status, body?.code, headers.get('www-authenticate')];
}

const demanded = (description: string, acr: string, maxAge: number) =>
  `Bearer error="insufficient_user_authentication", error_description="${description}", acr_values="${acr}", max_age="${maxAge}"`;

async function eventsOf(accountId: string, type: string): Promise<{ detail: Record<string, unknown> }[]> {
  const asked = 'select detail, session_id from events where account_id = $1 and type = $2 order by id';
  return (await h.pool.query(asked, [accountId, type])).rows;
}

describe('the table of what operations demand', () => {
  it('V7.5.1 V10.3.4 has a row for every call that an owner’s token opens, and for no other', () => {
    const owners = operations.filter(({ security }) => security.includes('owner')).map(nameOf);
    expect(Object.keys(demands).sort()).toEqual(owners.sort());
  });

  it('asks for the most where a call changes something, unless the table says why not', () => {
    const eased = Object.entries(demands).filter(([name, demand]) => demand !== 'fresh' && !name.startsWith('GET '));
    for (const [name, demand] of eased) expect(['live', 'active', 'fresh-unless-own'], name).toContain(demand);
    expect(demands['POST /v1/me/freeze'], 'what protects the owner never waits').toBe('live');
  });

  it('is documented with every call it is about', () => {
    for (const operation of operations) {
      const demand = demands[nameOf(operation)];
      if (demand === undefined || demand === 'live') continue;
      const refusal = operation.responses[401] as { description: string; headers?: object };
      expect(refusal.description, nameOf(operation)).toContain('insufficient-authentication');
      expect(refusal.headers).toHaveProperty('WWW-Authenticate');
    }
  });
});

describe('a sensitive call', () => {
  it('HT-S1 V7.5.1 demands the second factor that is bound, and answers as RFC 9470 section 3 says', async () => {
    const owner = await newEnroller();
    const refused = await revokeOthers(owner.accessToken);
    expect(challengeOf(refused)).toEqual([
      401,
      'insufficient-authentication',
      demanded('A second factor is required', 'aal2', 900),
    ]);
    expect(refused.body).toMatchObject({ acr_values: 'aal2', max_age: 900 });
    expect((await h.get('/v1/me', owner.accessToken)).status, 'it still reads').toBe(200);
    expect((await h.get('/v1/me', owner.accessToken)).headers.get('www-authenticate'), 'no challenge').toBeNull();
  });

  it('HT-S1 demands a recent sign-in of an account without a second factor, to the millisecond', async () => {
    const owner = await newSignedIn(h);
    h.clock.advance(15 * MINUTE);
    const { accessToken } = await renewed(owner);
    expect((await revokeOthers(accessToken)).status).toBe(204);
    h.clock.advance(1);
    expect(challengeOf(await revokeOthers(accessToken))).toEqual([
      401,
      'insufficient-authentication',
      demanded('A more recent authentication is required', 'aal1', 900),
    ]);
  });

  it('HT-S2 NB-S6 is not made fresh by refreshing, nor by being active', async () => {
    const owner = await newSignedIn(h);
    let tokens: { accessToken: string; refreshToken: string } = owner;
    const { auth_time: signedInAt } = claimsOf(owner.accessToken);
    for (let minutes = 0; minutes < 16; minutes += 4) {
      h.clock.advance(4 * MINUTE);
      tokens = await renewed(tokens);
      expect((await h.get('/v1/me', tokens.accessToken)).status).toBe(200);
      expect(claimsOf(tokens.accessToken).auth_time).toBe(signedInAt);
    }
    expect((await change(tokens.accessToken)).body.code).toBe('insufficient-authentication');
  });

  it('lets a page of another origin read the challenge', async () => {
    const origin = 'https://wallet.example.com';
    const other = await openHarness({ env: { ALLOWED_ORIGINS: origin } });
    const owner = await newSignedIn(other);
    other.clock.advance(16 * MINUTE);
    const { body } = await other.post('/v1/auth/refresh', { refreshToken: owner.refreshToken });
    const call = { token: body.accessToken, headers: { origin } };
    const { headers } = await other.call('POST', '/v1/me/sessions/revoke-others', call);
    expect(headers.get('www-authenticate')).toContain('insufficient_user_authentication');
    expect(headers.get('access-control-expose-headers')?.toLowerCase()).toContain('www-authenticate');
    await other.close();
  });
});

describe('stepping up', () => {
  it('HT-S2 HT-S3 NB-S1 raises the session with password and code, and its refresh token goes on', async () => {
    const owner = await newEnroller();
    h.clock.advance(20 * MINUTE);
    const before = await renewed(owner);
    const { status, body } = await stepUp(before.accessToken, {
      password: PASSWORD,
      code: totpCode(owner.secret, h.clock.now()),
    });
    expect([status, body.acr, body.amr]).toEqual([200, 'aal2', ['pwd', 'otp', 'mfa']]);
    const claims = { sid: owner.sessionId, auth_time: at(), acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] };
    expect(claimsOf(body.accessToken)).toMatchObject(claims);
    expect((await revokeOthers(body.accessToken)).status).toBe(204);
    h.clock.advance(4 * MINUTE);
    const after = await renewed(before);
    const kept = { ...claims, auth_time: claims.auth_time };
    expect(claimsOf(after.accessToken), 'NB-S3: refreshed as it was raised').toMatchObject(kept);
    const [event] = await eventsOf(owner.accountId, 'session.stepped-up');
    expect(event).toMatchObject({ session_id: owner.sessionId, detail: { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] } });
  });

  it('NB-S1 begins both of the session’s limits anew', async () => {
    const owner = await newSignedIn(h);
    h.clock.advance(50 * MINUTE);
    const { body } = await stepUp((await renewed(owner)).accessToken, { password: PASSWORD });
    const { items } = (await h.get('/v1/me/sessions', body.accessToken)).body;
    expect(items[0].expiresAt).toBe(new Date(h.clock.now().getTime() + 12 * 60 * MINUTE).toISOString());
  });

  it('NB-S3 makes no more of a session than was proven: a password alone is aal1', async () => {
    const owner = await newSignedIn(h);
    await strengthen(h, owner.accessToken);
    const { body } = await stepUp(owner.accessToken, { password: PASSWORD });
    expect([body.acr, body.amr, claimsOf(body.accessToken).acr]).toEqual(['aal1', ['pwd'], 'aal1']);
  });

  it('asks for the second factor that is bound, before it looks at the password', async () => {
    const owner = await newEnroller();
    for (const password of [PASSWORD, 'not the right one at all']) {
      const { status, body } = await stepUp(owner.accessToken, { password });
      expect([status, body.code, body.factors]).toEqual([401, 'second-factor-required', ['totp', 'recovery-code']]);
    }
    const alone = await stepUp(owner.accessToken, { code: owner.codes[0] });
    expect([alone.status, alone.body.errors]).toEqual([422, [{ pointer: '/password', detail: 'is missing' }]]);
    expect(await eventsOf(owner.accountId, 'step-up.failed')).toEqual([]);
  });

  it('tells no more than a sign-in does: wrong password, wrong code and both have one answer', async () => {
    const owner = await newEnroller();
    const wrong = 'not the right one at all';
    const answers = await Promise.all(
      [
        { password: wrong, code: owner.codes[0] },
        { password: PASSWORD, code: '000000' },
        { password: wrong, code: '000000' },
        { password: PASSWORD, code: 'AAAA-AAAA-AAAA-AAAA-AAAA' },
      ].map((body) => stepUp(owner.accessToken, body)),
    );
    const shown = answers.map(({ status, body }) => [status, { ...body, requestId: '' }]);
    for (const answer of shown) expect(answer).toEqual(shown[0]);
    expect(shown[0]?.[0]).toBe(401);
    expect((await eventsOf(owner.accountId, 'step-up.failed')).map(({ detail }) => detail['reason']).sort()).toEqual([
      'wrong-code',
      'wrong-code',
      'wrong-password',
      'wrong-password',
    ]);
    const spared = await stepUp(owner.accessToken, { password: PASSWORD, code: owner.codes[0] });
    expect(spared.status, 'a wrong password spends no code').toBe(200);
  });

  it('V6.3.1 locks after five wrong passwords, like a sign-in of this device, and says until when', async () => {
    const owner = await newSignedIn(h);
    for (let guess = 0; guess < 5; guess++) await stepUp(owner.accessToken, { password: `wrong ${guess}` });
    const locked = await stepUp(owner.accessToken, { password: PASSWORD });
    expect([locked.status, locked.body.code, locked.headers.get('retry-after')]).toEqual([
      429,
      'too-many-attempts',
      '900',
    ]);
    const { deviceToken } = owner;
    const credentials = { identifier: owner.email, password: PASSWORD, deviceToken };
    expect((await h.post('/v1/auth/sign-in', credentials)).status, 'the same counter').toBe(429);
    expect((await signIn(h, owner.email)).status, 'strangers count apart').toBe('signed-in');
  });

  it('OW-TX9 V2.3.4 takes one code once among sixteen callers, and none that signed in', async () => {
    const owner = await newEnroller();
    h.clock.advance(30_000);
    const code = totpCode(owner.secret, h.clock.now());
    const signedIn = await signIn(h, owner.email, { code });
    const replayed = await stepUp(signedIn.accessToken, { password: PASSWORD, code });
    expect([replayed.status, replayed.body.code]).toEqual([401, 'invalid-credentials']);
    const [recovery] = owner.codes;
    // Each from a device of its own: the counter of one holds five.
    const tokens = await Promise.all(Array.from({ length: 16 }, () => aal1Session(owner)));
    const answers = await Promise.all(tokens.map((token) => stepUp(token, { password: PASSWORD, code: recovery })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status } of answers) expect([200, 401, 429]).toContain(status);
  });

  it('V8.3.1 asks the gate: nobody authenticates anew on an account that may not sign in', async () => {
    const owner = await newSignedIn(h);
    const agent = await newAgent(h);
    const hold = { scope: 'sign-in', reasonCode: 'review', note: 'Checking' };
    await h.post(`/v1/agent/accounts/${owner.accountId}/holds`, hold, { token: agent.accessToken });
    const held = await stepUp(owner.accessToken, { password: PASSWORD });
    expect([held.status, held.body.code, held.body.holds[0].scope]).toEqual([403, 'account-held', 'sign-in']);
    const wrong = await stepUp(owner.accessToken, { password: 'not the right one at all' });
    expect(wrong.body.code, 'that it is held is told after the right password').toBe('invalid-credentials');
    await freezeByAgent(h, agent, owner.accountId);
    expect((await stepUp(owner.accessToken, { password: PASSWORD })).status).toBe(401);
  });

  it('opens to its own session alone, and refuses bad input', async () => {
    const owner = await newSignedIn(h);
    expect((await h.post('/v1/me/step-up', { password: PASSWORD })).status).toBe(401);
    expect((await stepUp(owner.accessToken, {})).body.errors[0].pointer).toBe('/password');
    expect((await stepUp(owner.accessToken, { password: PASSWORD, acr: 'aal2' })).body.errors[0].pointer).toBe('/acr');
    await h.post('/v1/auth/sign-out', undefined, { token: owner.accessToken });
    expect((await stepUp(owner.accessToken, { password: PASSWORD })).status).toBe(401);
  });
});

/** Another session of the account, on a device of its own, as one that signed in before the factor was bound. */
async function aal1Session(owner: SignedIn): Promise<string> {
  const { rows } = await h.pool.query(
    `with device as (
       insert into devices (id, account_id, created_at, last_seen_at)
       values (gen_random_uuid(), $1, $2, $2) returning id, account_id)
     insert into sessions (id, account_id, device_id, acr, amr, auth_time, created_at, last_seen_at, expires_at)
     select gen_random_uuid(), account_id, id, 'aal1', '{pwd}', $2, $2, $2, $2 + interval '1 h' from device returning id`,
    [owner.accountId, h.clock.now()],
  );
  const claims = {
    client_id: 'holdfast',
    sid: rows[0].id,
    jti: rows[0].id,
    auth_time: at(),
    acr: 'aal1',
    amr: ['pwd'],
  };
  return h.instance.ctx.signer.sign('owner', owner.accountId, claims, 300_000, h.clock.now());
}

describe('five idle minutes', () => {
  let strict: Harness;
  beforeAll(async () => {
    strict = await openHarness({ policy: { 'session.sensitiveIdle': 5 * MINUTE, 'access.ttl': 3_600_000 } });
  });
  afterAll(() => strict.close());

  const confirm = (token: string) => strict.post('/v1/me/phone-change/confirm', { code: '000000' }, { token });
  const outcome = async (token: string) => (await confirm(token)).body.code;

  it('PS-4.3d 300 s of nothing are no pause, 301 s are one: it reads on, and changes nothing', async () => {
    const [early, late] = [await newSignedIn(strict), await newSignedIn(strict)];
    strict.clock.advance(300_000);
    expect(await outcome(early.accessToken)).toBe('invalid-code');
    strict.clock.advance(1_000);
    const refused = await confirm(late.accessToken);
    expect(challengeOf(refused)).toEqual([
      401,
      'insufficient-authentication',
      demanded('A more recent authentication is required', 'aal1', 300),
    ]);
    expect((await strict.get('/v1/me', late.accessToken)).status).toBe(200);
    expect((await strict.get('/v1/me/sessions', late.accessToken)).status).toBe(200);
    expect(await outcome(late.accessToken), 'reading does not bring it back').toBe('insufficient-authentication');
    expect((await strict.post('/v1/me/freeze', {}, { token: late.accessToken })).status, 'freezing never waits').toBe(
      201,
    );
  });

  it('PS-4.3d counts from the last activity, to the second', async () => {
    const owner = await newSignedIn(strict);
    for (const seconds of [59, 300, 299, 300]) {
      strict.clock.advance(seconds * 1_000);
      expect((await strict.get('/v1/me', owner.accessToken)).status).toBe(200);
    }
    strict.clock.advance(300_000);
    expect(await outcome(owner.accessToken)).toBe('invalid-code');
  });

  it('NB-S6 a refresh in the background is no activity', async () => {
    const owner = await newSignedIn(strict);
    strict.clock.advance(200_000);
    await strict.post('/v1/auth/refresh', { refreshToken: owner.refreshToken });
    strict.clock.advance(101_000);
    expect(await outcome(owner.accessToken)).toBe('insufficient-authentication');
  });

  it('is not undone by what a back end saw later, and ends with a step-up', async () => {
    const owner = await newSignedIn(strict);
    strict.clock.advance(301_000);
    const { rows } = await strict.pool.query('select lapsed_at from sessions where id = $1', [owner.sessionId]);
    expect(rows[0].lapsed_at).toBeNull();
    const key = await hostKey(strict);
    await strict.post('/v1/server/sessions/seen', { sessionIds: [owner.sessionId] }, { token: key });
    expect(await outcome(owner.accessToken)).toBe('insufficient-authentication');
    const raised = await strict.post('/v1/me/step-up', { password: PASSWORD }, { token: owner.accessToken });
    expect(raised.status).toBe(200);
    expect(await outcome(owner.accessToken)).toBe('invalid-code');
  });
});
