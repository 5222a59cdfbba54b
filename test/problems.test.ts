import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openapiDocument } from '../src/app.ts';
import { text } from '../src/languages/languages.ts';
import { type ProblemCode, problems } from '../src/problem.ts';
import { type Harness, newAgent, openHarness, PASSWORD } from './support/harness.ts';
import { hostKey, newSignedIn, signIn } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.signInPerIp': 1, 'limits.resetPerIp': 1 } });
});
afterAll(() => h.close());

const fill = (path: string) => path.replace(/\{\w+\}/g, '01900000-0000-7000-8000-000000000000');
const { paths } = openapiDocument() as {
  paths: Record<string, Record<string, { responses: object; requestBody?: object }>>;
};
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(
    ([method, { requestBody }]) => [method.toUpperCase(), path, requestBody !== undefined] as const,
  ),
);
const withBody = operations.filter(([, , hasBody]) => hasBody);

describe('a problem', () => {
  it('HT-P1 HT-P2 says its own status, type and code, in the caller’s language', async () => {
    for (const [language, locale] of [
      ['en', 'en'],
      ['zh-CN,zh;q=0.9', 'zh-CN'],
      ['fr', 'en'],
    ] as const) {
      const answer = await h.call('GET', '/v1/me', { headers: { 'accept-language': language } });
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.body).toEqual({
        type: `${h.instance.ctx.config.publicUrl}/problems/unauthorized`,
        title: text(locale, 'problem.unauthorized'),
        status: 401,
        code: 'unauthorized',
        requestId: answer.headers.get('x-request-id'),
      });
    }
  });

  it('has a title in every language for every code of the catalogue', () => {
    for (const code of Object.keys(problems) as ProblemCode[]) {
      const [en, zh] = [text('en', `problem.${code}`), text('zh-CN', `problem.${code}`)];
      expect(en.length, code).toBeGreaterThan(3);
      expect(zh, code).toMatch(/\p{Script=Han}/u);
    }
  });

  it('HT-S1 challenges whoever comes without a token', async () => {
    for (const headers of [
      {},
      { authorization: 'Basic abc' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer x' },
    ]) {
      const answer = await h.call('GET', '/v1/me', { headers });
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
  });

  it('HT-R1 says when to come back, and is not to be stored', async () => {
    const { email } = await newSignedIn(h);
    const ip = '192.0.2.77';
    await signIn(h, email, {}, { ip });
    const limited = await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD }, { ip });
    expect([limited.status, limited.body.code]).toEqual([429, 'too-many-attempts']);
    await h.post('/v1/auth/password-reset', { identifier: email }, { ip });
    const reset = await h.post('/v1/auth/password-reset', { identifier: email }, { ip });
    expect([reset.status, reset.body.code]).toEqual([429, 'too-many-requests']);
    for (const { headers } of [limited, reset]) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
      expect(headers.get('cache-control')).toBe('no-store');
      expect([...headers.keys()].filter((name) => name.startsWith('ratelimit'))).toEqual([]);
    }
  });

  it('HT-P5 points at every field that is wrong, with RFC 6901 escapes', async () => {
    const token = await hostKey(h);
    const wrong = { email: 'no address', locale: 'fr', 'a/b~c': 1 };
    const { status, body } = await h.post('/v1/server/accounts', wrong, { token });
    expect([status, body.code]).toEqual([422, 'invalid-request']);
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer).sort();
    expect(pointers).toEqual(['/a~1b~0c', '/email', '/locale']);
    const payee = { payee: { id: 1 } };
    const nested = await h.post('/v1/server/transactions', payee, { token });
    expect(nested.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toContain('/payee/id');
  });
});

describe('a method that is not there', () => {
  it.each(['PATCH', 'PUT', 'OPTIONS', 'PROPFIND'])('V4.1.4 %s answers 405 with those that are', async (method) => {
    for (const path of new Set(operations.map(([, each]) => each))) {
      const there = Object.keys(paths[path] ?? {}).map((each) => each.toUpperCase());
      if (there.includes(method)) continue;
      const { status, body, headers } = await h.call(method, fill(path));
      expect([status, body.code], path).toEqual([405, 'method-not-allowed']);
      expect((headers.get('allow') ?? '').split(', ').sort(), path).toEqual(there.sort());
    }
  });

  it('V4.1.4 HEAD is answered where GET is, and nowhere else', async () => {
    const { accessToken: token } = await newAgent(h);
    const there = await h.call('HEAD', '/v1/agent/cases', { token });
    expect([there.status, there.text]).toEqual([200, '']);
    const missing = await h.call('HEAD', '/v1/auth/sign-in');
    expect([missing.status, missing.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it.each(['/', '/v1', '/v1/nowhere', '/v1/me/', '/v1/auth', '/v1/agent/accounts/', '/V1/me', '/v1//me'])(
    'a path that is not there, %s, answers a problem',
    async (path) => {
      const { status, headers } = await h.call('POST', path, { body: {} });
      expect([401, 404, 405]).toContain(status);
      expect(headers.get('content-type')).toBe('application/problem+json');
    },
  );
});

describe('a body', () => {
  it.each(withBody)('V4.1.1 of another type is refused by %s %s', async (method, path) => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonx',
      'multipart/form-data',
      '',
    ]) {
      // The one path that takes files takes a text as one.
      if (path.endsWith('/evidence') && type === 'text/plain') continue;
      const { status, body } = await h.call(method, fill(path), { body: '{}', headers: { 'content-type': type } });
      expect([status, body.code], type).toEqual([415, 'unsupported-media-type']);
    }
    const charset = { 'content-type': 'application/json; charset=utf-8' };
    expect((await h.call(method, fill(path), { body: '{}', headers: charset })).status).not.toBe(415);
  });

  it('is refused above 64 KiB, whether its length is told or not, and not read to its end', async () => {
    for (const path of ['/v1/auth/sign-in', '/v1/server/accounts', '/v1/agent/auth/sign-in']) {
      const told = await h.post(path, 'x'.repeat(65_537), { headers: { 'content-length': '65537' } });
      expect([told.status, told.body.code]).toEqual([413, 'body-too-large']);
      let pulled = 0;
      const endless = new ReadableStream({
        pull(controller) {
          pulled += 1;
          if (pulled > 1_000) return controller.close();
          controller.enqueue(new TextEncoder().encode('x'.repeat(1024)));
        },
      });
      const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
      const init = { method: 'POST', headers, body: endless, duplex: 'half' } as RequestInit;
      const response = await h.instance.app.request(path, init);
      expect(response.status).toBe(413);
      expect(pulled).toBeLessThan(100);
    }
  });

  it('counts bytes, not characters', async () => {
    const body = JSON.stringify({ identifier: 'x', password: '密'.repeat(30_000) });
    expect(body.length).toBeLessThan(65_536);
    expect((await h.post('/v1/auth/sign-in', body)).body.code).toBe('body-too-large');
    const fits = JSON.stringify({ identifier: 'x', password: 'p'.repeat(65_536 - 32) });
    expect(Buffer.byteLength(fits)).toBe(65_536);
    expect((await h.post('/v1/auth/sign-in', fits)).body.code).toBe('invalid-request');
  });

  it('may say nothing where nothing is asked, and is missed where something is', async () => {
    const owner = await newSignedIn(h);
    expect((await h.call('POST', '/v1/me/totp', { token: owner.accessToken })).status).toBe(201);
    for (const headers of [{}, { 'content-length': '0' }, { 'content-type': 'application/json' }]) {
      const { status } = await h.call('POST', '/v1/auth/sign-in', { headers });
      expect([400, 422]).toContain(status);
    }
  });
});
