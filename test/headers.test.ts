import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openapiDocument } from '../src/app.ts';
import { type Answer, type Harness, newAgent, openHarness } from './support/harness.ts';
import { hostKey, newAccount, newSignedIn, reason } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

function expectSecured({ headers, status }: Answer, what: string): void {
  const of = (name: string) => headers.get(name) ?? '';
  expect(of('x-content-type-options'), what).toBe('nosniff');
  expect(Number(/max-age=(\d+)/.exec(of('strict-transport-security'))?.[1]), what).toBeGreaterThanOrEqual(31_536_000);
  expect(of('strict-transport-security'), what).toContain('includeSubDomains');
  for (const rule of ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
    expect(of('content-security-policy'), what).toContain(rule);
  }
  expect(of('referrer-policy'), what).toBe('no-referrer');
  expect(of('cache-control'), what).toBe('no-store');
  expect(of('cross-origin-opener-policy'), what).toBe('same-origin');
  expect(of('cross-origin-resource-policy'), what).toBe('same-origin');
  expect(of('x-request-id'), what).toMatch(/^[\w-]{8,64}$/);
  expect(headers.has('access-control-allow-origin'), what).toBe(false);
  expect(headers.has('server') || headers.has('x-powered-by'), what).toBe(false);
  if (status >= 400) expect(of('content-type'), what).toBe('application/problem+json');
}

/** Some value for every `{parameter}` of a path. */
const fill = (path: string) => path.replace(/\{\w+\}/g, '01900000-0000-7000-8000-000000000000');
const operations = Object.entries((openapiDocument() as { paths: Record<string, object> }).paths).flatMap(
  ([path, methods]) => Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
);

describe('every answer', () => {
  it.each(operations)('V3.4 of %s %s without a token has the headers', async (method, path) => {
    expectSecured(await h.call(method, fill(path)), path);
  });

  it('V3.4 has the headers, whatever its status', async () => {
    const owner = await newSignedIn(h);
    const agent = await newAgent(h);
    const key = await hostKey(h);
    const { accountId } = await newAccount(h);
    const call = { token: key, headers: { 'idempotency-key': 'twice' } };
    const freeze = `/v1/server/accounts/${accountId}/freeze`;
    const answers = [
      await h.get('/v1/me', owner.accessToken),
      await h.post(freeze, reason, call),
      await h.post(freeze, reason, call),
      await h.post('/v1/auth/sign-out', undefined, { token: owner.accessToken }),
      await h.post('/v1/auth/sign-in', { identifier: owner.email, password: 'no' }),
      await h.post('/v1/auth/sign-in', '{', {}),
      await h.post('/v1/auth/sign-in', 'x'.repeat(70_000)),
      await h.post('/v1/auth/sign-in', {}),
      await h.get(`/v1/agent/accounts/${accountId}x`, agent.accessToken),
      await h.call('PATCH', '/v1/me'),
      await h.get('/v1/nowhere'),
      await h.get('/v1'),
    ];
    for (const [place, answer] of answers.entries()) expectSecured(answer, `answer ${place}, ${answer.status}`);
    const seen = new Set(answers.map(({ status }) => status));
    for (const status of [200, 201, 204, 400, 401, 404, 405, 413, 422]) expect(seen).toContain(status);
  });

  it('V16.5.1 has them when something breaks, and says nothing of what broke', async () => {
    const broken = await openHarness();
    await broken.pool.query('alter table events rename to gone');
    const answer = await broken.post('/v1/auth/password-reset', { identifier: 'somebody@example.com' });
    expectSecured(answer, 'broken');
    expect(answer.status).toBe(500);
    expect(Object.keys(answer.body).sort()).toEqual(['code', 'requestId', 'status', 'title', 'type']);
    expect(answer.text).not.toMatch(/relation|events|sql/i);
    await broken.pool.query('alter table gone rename to events');
    await broken.close();
  });

  it('carries the caller’s request id, and one of ours for what cannot be one', async () => {
    const given = await h.call('GET', '/v1/me', { headers: { 'x-request-id': 'abcdefgh-1' } });
    expect([given.headers.get('x-request-id'), given.body.requestId]).toEqual(['abcdefgh-1', 'abcdefgh-1']);
    for (const id of ['short', 'x'.repeat(65), '<script>alert(1)</script>', 'a b c d e f g']) {
      const { headers, body } = await h.call('GET', '/v1/me', { headers: { 'x-request-id': id } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(body.requestId).toBe(headers.get('x-request-id'));
    }
  });

  it('V3.4.2 gives no other origin leave to read it', async () => {
    for (const origin of ['https://evil.example', 'null']) {
      const { headers } = await h.call('GET', '/v1/me', { headers: { origin } });
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      const preflight = await h.call('OPTIONS', '/v1/me', {
        headers: { origin, 'access-control-request-method': 'GET' },
      });
      expect(preflight.status).toBe(405);
      expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('of the published keys may be kept for minutes, and holds no private part', async () => {
    const { body, headers } = await h.get('/.well-known/jwks.json');
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    for (const key of body.keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });
});
