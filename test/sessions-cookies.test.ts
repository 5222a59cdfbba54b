import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, openHarness, PASSWORD } from './support/harness.ts';
import { enrol, newSignedIn, type SignedIn } from './support/seed.ts';

const APP = 'https://app.example';
let h: Harness;
beforeAll(async () => {
  h = await openHarness({ env: { PUBLIC_URL: 'https://id.example', ALLOWED_ORIGINS: APP } });
});
afterAll(() => h.close());

const MINUTE = 60_000;
const OURS = { 'sec-fetch-site': 'same-origin' };
type Headers = Record<string, string>;

const cookieOf = ({ refreshToken }: SignedIn) => ({ cookie: `__Host-holdfast-refresh=${refreshToken}` });
/** As a browser does it: no body at all. */
const refresh = (headers: Headers) => h.call('POST', '/v1/auth/refresh', { headers });
const signOut = (headers: Headers) => h.call('POST', '/v1/auth/sign-out', { headers });
const me = async (token: string) => (await h.get('/v1/me', token)).status;

/** What a Set-Cookie says: name, value, attributes. */
function parse(cookie: string) {
  const [pair = '', ...attributes] = cookie.split('; ');
  const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
  return {
    name,
    value,
    attributes: attributes.filter((each) => !each.startsWith('Max-Age=')).sort(),
    size: pair.length,
  };
}
const GUARDED = ['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure'];

describe('tokens in cookies', () => {
  it('V3.3.1 V3.3.2 V3.3.3 V3.3.4 V3.3.5 NB-S5 are out of reach of scripts and of other sites, and in no body', async () => {
    const owner = await newSignedIn(h);
    const credentials = { identifier: owner.email, password: PASSWORD, tokens: 'cookie' };
    const answers = [await h.post('/v1/auth/sign-in', credentials), await refresh({ ...cookieOf(owner), ...OURS })];
    const { recoveryCodes } = await enrol(h, answers[1]?.body.accessToken);
    const { challenge } = (await h.post('/v1/auth/sign-in', credentials)).body;
    const second = { challenge, factor: 'recovery-code', code: recoveryCodes[0], tokens: 'cookie' };
    answers.push(await h.post('/v1/auth/second-factor', second));
    for (const { status, text, headers } of answers) {
      expect(status).toBe(200);
      const cookies = headers.getSetCookie().map(parse);
      expect(cookies.length).toBeGreaterThan(0);
      for (const { name, value, attributes, size } of cookies) {
        expect(name).toMatch(/^__Host-holdfast-(refresh|device)$/);
        expect(attributes, name).toEqual(GUARDED);
        expect(size).toBeLessThanOrEqual(4096);
        expect(value).toMatch(/^hf_[rd]t_[\w-]{70}$/);
        expect(text).not.toContain(value);
      }
      expect(text).not.toMatch(/refreshToken|deviceToken/);
    }
    expect(answers[0]?.headers.getSetCookie().map((each) => parse(each).name)).toEqual([
      '__Host-holdfast-refresh',
      '__Host-holdfast-device',
    ]);
  });

  it('NB-S5 end with the browser, but for the device’s: the service decides when a session is over', async () => {
    const owner = await newSignedIn(h);
    const credentials = { identifier: owner.email, password: PASSWORD, tokens: 'cookie' };
    const [session, device] = (await h.post('/v1/auth/sign-in', credentials)).headers.getSetCookie();
    expect(session).not.toMatch(/max-age|expires/i);
    expect(device).toMatch(/Max-Age=34560000/);
  });

  it('are traded with no body, an empty one, or an empty object', async () => {
    const owner = await newSignedIn(h);
    const json = { 'content-type': 'application/json' };
    const headers = { ...cookieOf(owner), ...OURS };
    for (const call of [{ headers }, { headers: { ...headers, ...json }, body: '' }, { headers, body: {} }]) {
      const { status, body, headers: given } = await h.call('POST', '/v1/auth/refresh', call);
      expect([status, Object.keys(body).sort()]).toEqual([200, ['accessToken', 'expiresIn']]);
      expect(await me(body.accessToken)).toBe(200);
      expect(given.getSetCookie().map((each) => parse(each).name)).toEqual(['__Host-holdfast-refresh']);
    }
  });

  it('keep the sign-in of a page that was left before the answer came, within the grace', async () => {
    const owner = await newSignedIn(h);
    const headers = { ...cookieOf(owner), ...OURS };
    const lost = parse((await refresh(headers)).headers.getSetCookie()[0] as string);
    h.clock.advance(4_000);
    const next = await refresh(headers);
    expect(next.status).toBe(200);
    expect(parse(next.headers.getSetCookie()[0] as string).value).toBe(lost.value);
    h.clock.advance(MINUTE);
    expect((await refresh({ ...cookieOf({ ...owner, refreshToken: lost.value }), ...OURS })).status).toBe(200);
  });
});

const foreign: [string, Headers][] = [
  ['says nothing', {}],
  ['is of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
  ['is of another site of the same name', { 'sec-fetch-site': 'same-site', origin: 'https://evil.id.example' }],
  ['was typed', { 'sec-fetch-site': 'none' }],
  ['has no origin of its own', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
  ['has only an origin, another one', { origin: 'https://evil.example' }],
  ['has only an origin, and that is null', { origin: 'null' }],
  ['has an origin that begins like ours', { origin: 'https://id.example.evil.example' }],
  ['has an origin that begins like a listed one', { 'sec-fetch-site': 'cross-site', origin: `${APP}.evil.example` }],
  ['has a listed origin without its TLS', { 'sec-fetch-site': 'cross-site', origin: 'http://app.example' }],
  ['shows only who linked to it', { referer: 'https://id.example/security' }],
];
const own: [string, Headers][] = [
  ['is of our own pages', OURS],
  ['is of our own pages in an old browser', { origin: 'https://id.example' }],
  ['is of a listed origin of the same site', { 'sec-fetch-site': 'same-site', origin: APP }],
  ['is of a listed origin in an old browser', { origin: APP }],
];

describe('what a browser sends by itself', () => {
  it.each(foreign)('V3.5.1 NB-S4 neither trades nor ends anything where the call %s', async (_what, headers) => {
    const owner = await newSignedIn(h);
    for (const call of [refresh, signOut]) {
      const { status, body, headers: given } = await call({ ...cookieOf(owner), ...headers });
      expect([status, body.code]).toEqual([403, 'cross-site']);
      expect(given.getSetCookie()).toEqual([]);
    }
    expect(await me(owner.accessToken)).toBe(200);
    expect((await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).status, 'not used up').toBe(200);
  });

  it.each(own)('trades and ends where the call %s', async (_what, headers) => {
    const owner = await newSignedIn(h);
    expect((await refresh({ ...cookieOf(owner), ...headers })).status).toBe(200);
    expect((await signOut({ ...cookieOf(owner), ...headers })).status).toBe(204);
    expect(await me(owner.accessToken)).toBe(401);
  });

  it('V3.5.2 reaches nothing as a form, nor by GET (V3.5.3)', async () => {
    const owner = await newSignedIn(h);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const headers = { ...cookieOf(owner), ...OURS, 'content-type': type };
      const { status } = await h.call('POST', '/v1/auth/refresh', { headers, body: '{}' });
      expect(status, type).toBe(415);
    }
    for (const path of ['/v1/auth/refresh', '/v1/auth/sign-out']) {
      const { status } = await h.call('GET', path, { headers: { ...cookieOf(owner), ...OURS } });
      expect(status, path).toBe(405);
    }
    expect(await me(owner.accessToken)).toBe(200);
  });

  it('opens nothing but these two: everything else asks for the access token', async () => {
    const owner = await newSignedIn(h);
    const headers = { ...cookieOf(owner), ...OURS };
    for (const path of ['/v1/me/sessions/revoke-all', '/v1/me/freeze'])
      expect((await h.call('POST', path, { headers, body: {} })).status, path).toBe(401);
    expect((await h.call('GET', '/v1/me', { headers })).status).toBe(401);
  });
});

describe('a sign-out by cookie', () => {
  it('V7.4.4 ends the session as one event and takes the cookie, also where it was traded or ended before', async () => {
    const owner = await newSignedIn(h);
    await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken });
    h.clock.advance(MINUTE);
    for (let time = 0; time < 2; time++) {
      const { status, headers } = await signOut({ ...cookieOf(owner), ...OURS });
      expect(status).toBe(204);
      expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-holdfast-refresh=; Max-Age=0/)]);
    }
    expect(await me(owner.accessToken)).toBe(401);
    const sql = `select type, detail from events where session_id = $1 and type in ('session.ended', 'refresh.reused')`;
    expect((await h.pool.query(sql, [owner.sessionId])).rows).toEqual([
      { type: 'session.ended', detail: { reason: 'signed-out' } },
    ]);
  });

  it('leaves an agent’s session alone, and one whose token was made up', async () => {
    const { rows } = await h.pool.query('select count(*)::int as n from sessions where ended_at is not null');
    const forged = { cookie: '__Host-holdfast-refresh=hf_rt_nobody-was-ever-given-this-one' };
    expect((await signOut({ ...forged, ...OURS })).status).toBe(204);
    const after = await h.pool.query('select count(*)::int as n from sessions where ended_at is not null');
    expect(after.rows).toEqual(rows);
  });

  it('counts less than a bearer token: that one’s session ends', async () => {
    const [owner, other] = [await newSignedIn(h), await newSignedIn(h)];
    await signOut({ ...cookieOf(other), ...OURS, authorization: `Bearer ${owner.accessToken}` });
    expect([await me(owner.accessToken), await me(other.accessToken)]).toEqual([401, 200]);
  });
});
