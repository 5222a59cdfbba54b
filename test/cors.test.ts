import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';
import { type Call, type Harness, newAgent, openHarness } from './support/harness.ts';
import { hostKey, newSignedIn } from './support/seed.ts';

const APP = 'https://app.example';
const LOCAL = 'http://localhost:5173';
const OTHERS = [
  'https://evil.example',
  'null',
  'http://app.example',
  `${APP}:8443`,
  'https://sub.app.example',
  APP.toUpperCase(),
  `${APP}/`,
  `${APP}.evil.example`,
];

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ env: { ALLOWED_ORIGINS: ` ${APP}, ${LOCAL} ` } });
});
afterAll(() => h.close());

const corsOf = ({ headers }: { headers: Headers }) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));
const preflight = (path: string, origin: string, method = 'POST') =>
  h.call('OPTIONS', path, {
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,content-type',
    },
  });
const LEAVE = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-allow-credentials': 'true',
});

describe('a listed origin (V3.4.2)', () => {
  it.each([APP, LOCAL])('%s may read every answer under /v1/auth and /v1/me, refusals too', async (origin) => {
    const owner = await newSignedIn(h);
    const calls: [string, string, number, Call][] = [
      ['GET', '/v1/me', 200, { token: owner.accessToken }],
      ['GET', '/v1/me/sessions', 200, { token: owner.accessToken }],
      ['GET', '/v1/me', 401, {}],
      ['GET', '/v1/me/nowhere', 404, {}],
      ['PATCH', '/v1/me', 405, {}],
      ['POST', '/v1/auth/sign-in', 422, { body: {} }],
      ['POST', '/v1/auth/sign-in', 400, { body: '{' }],
      ['POST', '/v1/auth/sign-in', 415, { body: '{}', headers: { 'content-type': 'text/plain' } }],
      ['POST', '/v1/auth/sign-in', 413, { body: 'x'.repeat(70_000) }],
      ['POST', '/v1/auth/sign-out', 204, { token: owner.accessToken }],
    ];
    for (const [method, path, status, call] of calls) {
      const answer = await h.call(method, path, { ...call, headers: { ...call.headers, origin } });
      const what = `${method} ${path} ${status}`;
      expect(answer.status, what).toBe(status);
      expect(corsOf(answer), what).toEqual({
        ...LEAVE(origin),
        'access-control-expose-headers': 'Retry-After, WWW-Authenticate, X-Request-Id',
      });
      expect(answer.headers.get('vary'), what).toBe('Origin');
      // Neither stops a reading that CORS allowed; both stop all others.
      expect(answer.headers.get('cross-origin-resource-policy'), what).toBe('same-origin');
      expect(answer.headers.get('cross-origin-opener-policy'), what).toBe('same-origin');
    }
  });

  it('has its preflight answered, for ten minutes, with what the API knows', async () => {
    for (const [path, method] of [
      ['/v1/auth/sign-in', 'POST'],
      ['/v1/me', 'GET'],
      ['/v1/me/sessions/019', 'DELETE'],
      ['/v1/me/password', 'PUT'],
    ] as const) {
      const answer = await preflight(path, APP, method);
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(corsOf(answer)).toEqual({
        ...LEAVE(APP),
        'access-control-allow-methods': 'GET, POST, PUT, DELETE',
        'access-control-allow-headers': 'Authorization, Content-Type, X-Request-Id',
        'access-control-max-age': '600',
      });
      expect(answer.headers.get('vary')).toBe('Origin, Access-Control-Request-Method, Access-Control-Request-Headers');
      expect(answer.headers.get('strict-transport-security')).toContain('max-age=');
    }
  });

  it('gets no preflight for an OPTIONS that is none', async () => {
    const answer = await h.call('OPTIONS', '/v1/me', { headers: { origin: APP } });
    expect(answer.status).toBe(405);
  });

  it('has no leave for the host’s and the agents’ paths, the pages and the rest', async () => {
    const agent = await newAgent(h);
    const calls: [string, Call][] = [
      ['/v1/server/accounts/external:nobody', { token: await hostKey(h) }],
      ['/v1/agent/cases', { token: agent.accessToken }],
      ['/v1/agent/auth/sign-in', {}],
      ['/', {}],
      ['/security', {}],
      ['/v1/meddle', {}],
      ['/health/live', {}],
    ];
    for (const [path, call] of calls) {
      expect(corsOf(await h.call('GET', path, { ...call, headers: { origin: APP } })), path).toEqual({});
      const asked = await preflight(path, APP);
      expect([asked.status >= 400, corsOf(asked)], path).toEqual([true, {}]);
    }
  });
});

describe('any other origin (V3.4.2)', () => {
  it.each(OTHERS)('%s gets no leave and no preflight', async (origin) => {
    const owner = await newSignedIn(h);
    const answer = await h.call('GET', '/v1/me', { token: owner.accessToken, headers: { origin } });
    expect([answer.status, corsOf(answer)]).toEqual([200, {}]);
    // A cache between must not give one origin the answer of another.
    expect(answer.headers.get('vary')).toBe('Origin');
    const asked = await preflight('/v1/auth/refresh', origin);
    expect([asked.status, corsOf(asked)]).toEqual([405, {}]);
  });

  it('is every one where none is listed', async () => {
    const bare = await openHarness();
    const answer = await bare.call('GET', '/v1/me', { headers: { origin: APP } });
    expect([corsOf(answer), answer.headers.get('vary')]).toEqual([{}, null]);
    await bare.close();
  });
});

describe('ALLOWED_ORIGINS', () => {
  it.each([
    '*',
    'https://*.example',
    'null',
    'app.example',
    'https://app.example/',
    'https://app.example/path',
    'https://APP.example',
    'https://app.example:443',
    'https://user@app.example',
    'http://app.example',
    'ftp://app.example',
    'https://app.example https://other.example',
    'https://app.example,*',
  ])('%s stops the start with its name', (value) => {
    expect(() => readConfig({ ALLOWED_ORIGINS: value })).toThrow(ConfigError);
    expect(() => readConfig({ ALLOWED_ORIGINS: value })).toThrow(/^ALLOWED_ORIGINS: must be origins/);
  });

  it('takes origins as browsers write them, in the clear on this machine alone', () => {
    const listed = [
      'https://app.example',
      'https://app.example:8443',
      'http://localhost:5173',
      'http://[::1]:8080',
      'http://127.0.0.1',
    ];
    expect(readConfig({ ALLOWED_ORIGINS: listed.join(' , ') }).allowedOrigins).toEqual(listed);
    expect(readConfig({ ALLOWED_ORIGINS: '' }).allowedOrigins).toEqual([]);
  });
});
