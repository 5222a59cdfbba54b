import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  enrolTotp,
  type Harness,
  newAgent,
  newApiKey,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  totpCode,
} from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const MINUTE = 60_000;
const me = async (token: string) => (await h.get('/v1/me', token)).status;
const refresh = (refreshToken: string) => h.post('/v1/auth/refresh', { refreshToken });
const signIn = async (owner: Owner): Promise<Owner> => ({
  ...owner,
  ...(await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD })).body,
});

describe('an idle session', () => {
  it('V7.3.1 NB-S1 ends an hour after the last request', async () => {
    const owner = await newOwner(h);
    h.clock.advance(56 * MINUTE);
    let tokens = (await refresh(owner.refreshToken)).body;
    h.clock.advance(4 * MINUTE - 1);
    expect(await me(tokens.accessToken), 'a request at 59:59.999').toBe(200);
    h.clock.advance(56 * MINUTE);
    tokens = (await refresh(tokens.refreshToken)).body;
    h.clock.advance(4 * MINUTE);
    expect(await me(tokens.accessToken), 'an hour later to the instant').toBe(401);
    expect((await refresh(tokens.refreshToken)).body.code).toBe('invalid-refresh-token');
  });

  it('NB-S6 HT-S2 is not kept awake by refreshing', async () => {
    const owner = await newOwner(h);
    let { refreshToken } = owner;
    for (let minutes = 4; minutes < 60; minutes += 4) {
      h.clock.advance(4 * MINUTE);
      const { status, body } = await refresh(refreshToken);
      expect(status, `${minutes} minutes`).toBe(200);
      refreshToken = body.refreshToken;
    }
    h.clock.advance(4 * MINUTE);
    expect((await refresh(refreshToken)).status).toBe(401);
  });

  it('writes that somebody is there at most once a minute', async () => {
    const owner = await newOwner(h);
    const lastSeen = async () =>
      (await h.pool.query('select last_seen_at from sessions where id = $1', [owner.sessionId])).rows[0].last_seen_at;
    const start = await lastSeen();
    h.clock.advance(MINUTE - 1);
    await me(owner.accessToken);
    expect(await lastSeen()).toEqual(start);
    h.clock.advance(1);
    await me(owner.accessToken);
    expect(await lastSeen()).toEqual(h.clock.now());
  });
});

describe('an active session', () => {
  it('V7.3.2 V10.4.8 ends twelve hours after sign-in, whatever is done', async () => {
    const owner = await newOwner(h);
    let tokens: { accessToken: string; refreshToken: string } = owner;
    for (let hour = 0; hour < 13; hour++) {
      h.clock.advance(55 * MINUTE);
      tokens = (await refresh(tokens.refreshToken)).body;
      expect(await me(tokens.accessToken), `hour ${hour}`).toBe(200);
    }
    h.clock.advance(2 * MINUTE);
    const { body } = await refresh(tokens.refreshToken);
    const { exp, iat } = JSON.parse(Buffer.from(body.accessToken.split('.')[1], 'base64url').toString());
    expect([body.expiresIn, exp - iat], 'nor does a token outlive it where nobody asks us').toEqual([180, 180]);
    h.clock.advance(3 * MINUTE - 1);
    tokens = (await refresh(body.refreshToken)).body;
    expect(await me(tokens.accessToken), '11:59:59.999').toBe(200);
    h.clock.advance(1);
    expect(await me(tokens.accessToken)).toBe(401);
    expect((await refresh(tokens.refreshToken)).body.code).toBe('invalid-refresh-token');
  });

  it('V7.4.1 NB-S2 ends at once when its holder signs out, and no other with it', async () => {
    const owner = await newOwner(h);
    const other = await signIn(owner);
    const out = await h.post('/v1/auth/sign-out', undefined, { token: owner.accessToken });
    expect([out.status, out.text]).toEqual([204, '']);
    expect(await me(owner.accessToken)).toBe(401);
    expect((await refresh(owner.refreshToken)).status).toBe(401);
    expect((await h.post('/v1/auth/sign-out', undefined, { token: owner.accessToken })).status).toBe(401);
    expect(await me(other.accessToken)).toBe(200);
  });

  it('V7.4.2 V8.3.2 ends at once when the account is closed', async () => {
    const owner = await newOwner(h);
    await h.pool.query('update accounts set closed_at = $2 where id = $1', [owner.accountId, h.clock.now()]);
    expect(await me(owner.accessToken)).toBe(401);
    expect((await refresh(owner.refreshToken)).status).toBe(401);
  });

  it('V7.4.2 ends at once in a freeze, with its refresh token', async () => {
    const owner = await newOwner(h);
    expect((await h.post('/v1/me/freeze', {}, { token: owner.accessToken })).status).toBe(201);
    expect(await me(owner.accessToken)).toBe(401);
    expect((await refresh(owner.refreshToken)).body.code).toBe('invalid-refresh-token');
  });
});

describe('introspection (RFC 7662)', () => {
  let apiKey: string;
  const introspect = (token: string) => h.post('/v1/server/sessions/introspect', { token }, { token: apiKey });
  beforeAll(async () => {
    apiKey = await newApiKey(h, ['sessions:read']);
  });

  it('HT-I1 shows an active token’s claims', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const code = totpCode(secret, h.clock.now());
    const tokens = (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, code })).body;
    const { status, body, headers } = await introspect(tokens.accessToken);
    const seconds = Math.floor(h.clock.now().getTime() / 1000);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      active: true,
      sub: owner.accountId,
      sid: tokens.sessionId,
      acr: 'aal2',
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: seconds,
      exp: seconds + 300,
      iss: 'http://localhost:3000',
      client_id: 'holdfast',
      token_type: 'Bearer',
      holds: [expect.objectContaining({ scope: 'withdrawals', reasonCode: 'credential-change' })],
    });
  });

  it('HT-I1 says exactly that it is not active of everything else, in the same bytes', async () => {
    const owner = await newOwner(h);
    const agent = await newAgent(h);
    const out = await newOwner(h);
    await h.post('/v1/auth/sign-out', undefined, { token: out.accessToken });
    const frozen = await newOwner(h);
    await h.post('/v1/me/freeze', {}, { token: frozen.accessToken });
    const access = { identifier: owner.email, password: PASSWORD };
    const { caseToken } = (await h.post('/v1/auth/case-access', access)).body;
    const expired = await newOwner(h);
    h.clock.advance(5 * MINUTE);
    const tokens: Record<string, string> = {
      nonsense: 'x',
      'three dots': 'a.b.c',
      'a forgery': `${owner.accessToken.slice(0, -4)}AAAA`,
      'a signed-out session': out.accessToken,
      'a frozen account': frozen.accessToken,
      'an expired token': expired.accessToken,
      'an agent': agent.accessToken,
      'a case token': caseToken,
      'a refresh token': owner.refreshToken,
      'a device token': owner.deviceToken,
      'an API key': apiKey,
      'eight kilobytes': 'x'.repeat(8_000),
    };
    for (const [kind, token] of Object.entries(tokens)) {
      const { status, text, headers } = await introspect(token);
      expect([status, text], kind).toEqual([200, '{"active":false}']);
      expect(headers.get('content-type'), kind).toBe('application/json');
    }
  });

  it('is not activity', async () => {
    const owner = await newOwner(h);
    h.clock.advance(4 * MINUTE);
    expect((await introspect(owner.accessToken)).body.active).toBe(true);
    h.clock.advance(56 * MINUTE);
    expect((await refresh(owner.refreshToken)).status).toBe(401);
  });
});
