import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Client, createClient, HoldfastError } from 'holdfast/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openapiDocument } from '../src/app.ts';
import { newApiKey, PASSWORD, someEmail } from './support/harness.ts';
import { newSignedIn } from './support/seed.ts';
import { openServed, type Served } from './support/served.ts';

const run = promisify(execFile);

let h: Served;
let apiKey: string;
let holdfast: Client;
beforeAll(async () => {
  h = await openServed();
  apiKey = await newApiKey(h);
  holdfast = createClient({ baseUrl: h.origin, apiKey });
});
afterAll(() => h.close());

describe('a client', () => {
  it('has every operation of the contract', () => {
    const { paths } = openapiDocument() as { paths: Record<string, Record<string, { operationId: string }>> };
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(Object.keys(holdfast).sort()).toEqual(ids.sort());
  });

  it('calls as anyone, as the host and as an account holder', async () => {
    const email = someEmail();
    const made = await holdfast.createAccount({ email, password: PASSWORD, emailConfirmed: true, externalId: 'a/b?c' });
    const signedIn = await holdfast.signIn({ identifier: email, password: PASSWORD });
    if (signedIn.status !== 'signed-in') throw new Error(signedIn.status);
    const token = signedIn.accessToken;
    expect((await holdfast.getMe({}, { token })).id).toBe(made.id);
    expect((await holdfast.introspect({ token })).active).toBe(true);
    expect(await holdfast.askGate({ id: made.id, action: 'payment' })).toEqual({ allowed: true, holds: [] });
    expect((await holdfast.getAccount({ id: 'external:a/b?c' })).id).toBe(made.id);
    expect(await holdfast.signOut({}, { token })).toBeUndefined();
    expect(await holdfast.introspect({ token })).toEqual({ active: false });
  });

  it('throws what the service refuses, with all that it said', async () => {
    const error = await holdfast.signIn({ identifier: 'a@example.com', password: 'x' }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error).toMatchObject({ code: 'invalid-credentials', status: 401, requestId: expect.any(String) });
    await expect(holdfast.createAccount({ email: 'no address' })).rejects.toMatchObject({
      code: 'invalid-request',
      errors: [{ pointer: '/email', detail: expect.any(String) }],
    });
    await expect(createClient({ baseUrl: h.origin }).getAccount({ id: 'x' })).rejects.toMatchObject({ status: 401 });
  });

  it('HT-S1 says how to authenticate anew, and goes on after a step-up', async () => {
    const owner = await newSignedIn(h);
    await h.pool.query(`update sessions set auth_time = auth_time - interval '16 min' where id = $1`, [
      owner.sessionId,
    ]);
    const refused = await holdfast.endOtherSessions({}, { token: owner.accessToken }).catch((thrown) => thrown);
    expect(refused).toMatchObject({ code: 'insufficient-authentication', stepUp: { acrValues: 'aal1', maxAge: 900 } });
    const { accessToken: token } = await holdfast.stepUp({ password: PASSWORD }, { token: owner.accessToken });
    expect(await holdfast.endOtherSessions({}, { token })).toBeUndefined();
  });

  it('cannot be led to another operation by an id', async () => {
    const { accountId } = await newSignedIn(h);
    for (const id of ['..', '.', '']) await expect(holdfast.getAccount({ id })).rejects.toThrow(TypeError);
    for (const id of [`../accounts/${accountId}`, `${accountId}/gate`, `${accountId}?x`, `${accountId}#x`]) {
      await expect(holdfast.getAccount({ id })).rejects.toBeInstanceOf(HoldfastError);
    }
  });

  it('makes one account of a call that is repeated with its key', async () => {
    const wanted = { email: someEmail() };
    const first = await holdfast.createAccount(wanted, { idempotencyKey: 'once' });
    expect(await holdfast.createAccount(wanted, { idempotencyKey: 'once' })).toEqual(first);
  });
});

describe('where the service stumbles, a client', () => {
  let server: Server;
  let client: Client;
  let seen: IncomingMessage[];
  let answers: ((response: ServerResponse) => void)[];
  const problem =
    (status: number, code: string, headers: Record<string, string> = {}) =>
    (response: ServerResponse) =>
      response
        .writeHead(status, { 'content-type': 'application/problem+json', ...headers })
        .end(JSON.stringify({ status, code, title: code }));
  const good = (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"allowed":true,"holds":[]}');

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      (answers.shift() ?? good)(response);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    client = createClient({ baseUrl, apiKey: 'hf_sk_x', timeoutMs: 200 });
  });
  beforeEach(() => {
    [seen, answers] = [[], []];
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const keys = () => seen.map(({ headers }) => headers['idempotency-key']);
  const ask = { id: 'x', action: 'payment' } as const;
  const sign = { identifier: 'a@example.com', password: 'x' };

  it('asks again what it may', async () => {
    answers = [problem(503, 'busy'), (response) => response.destroy()];
    expect((await client.askGate(ask)).allowed).toBe(true);
    expect(seen).toHaveLength(3);
  });

  it('repeats a write of the host under one key', async () => {
    answers = [problem(503, 'busy'), problem(409, 'idempotency-key-in-flight')];
    await client.createAccount({ email: 'a@example.com' });
    expect(seen).toHaveLength(3);
    expect(new Set(keys()).size).toBe(1);
    expect(keys()[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('never repeats what a second time could do harm', async () => {
    answers = [problem(503, 'busy')];
    await expect(client.signIn(sign)).rejects.toMatchObject({ code: 'busy', status: 503 });
    answers = [(response) => response.destroy()];
    await expect(client.signIn(sign)).rejects.toMatchObject({ code: 'unreachable', status: 0 });
    expect(seen).toHaveLength(2);
    expect(keys()).toEqual([undefined, undefined]);
  });

  it('tells when a limit ends, and leaves the waiting to its caller', async () => {
    answers = [problem(429, 'too-many-requests', { 'retry-after': '7' })];
    await expect(client.askGate(ask)).rejects.toMatchObject({ status: 429, retryAfter: 7 });
    expect(seen).toHaveLength(1);
  });

  it('gives up in time, and when its caller does', async () => {
    const silent = () => undefined;
    answers = [silent];
    await expect(client.signIn(sign)).rejects.toMatchObject({ code: 'timed-out', status: 0 });
    answers = [silent];
    const signal = AbortSignal.timeout(20);
    await expect(client.askGate(ask, { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(seen).toHaveLength(2);
  });

  it('follows no redirect with its key', async () => {
    answers = [(response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()];
    await expect(client.signIn(sign)).rejects.toMatchObject({ code: 'unreachable' });
    expect(seen).toHaveLength(1);
  });

  it('makes an error of what is no answer of the service', async () => {
    answers = [(response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>nginx</h1>')];
    await expect(client.askGate(ask)).rejects.toMatchObject({ code: 'unexpected-answer', status: 404 });
  });
});

describe('the package', () => {
  it('is installed without the service, and verifies in a process of its own', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-package-'));
    try {
      const packed = await run(process.execPath, ['scripts/client.ts', '--pack', folder]);
      const modules = join(folder, 'node_modules');
      await mkdir(join(modules, 'holdfast'), { recursive: true });
      await run('tar', ['-xzf', packed.stdout.trim(), '-C', join(modules, 'holdfast'), '--strip-components=1']);
      await symlink(resolve('node_modules/jose'), join(modules, 'jose'));
      const { accessToken, accountId } = await newSignedIn(h);
      const program = `
        import { createClient, createVerifier } from 'holdfast/client';
        const [, , baseUrl, issuer, apiKey, token] = process.argv;
        const verifier = createVerifier({ baseUrl, issuer, apiKey, whenStale: 'refuse' });
        await verifier.ready();
        const { sub } = await verifier.verify(token);
        await createClient({ baseUrl }).signOut({}, { token });
        for (;;) {
          const code = await verifier.verify(token).catch((error) => error.code);
          if (typeof code === 'string') { console.log(sub, code); break; }
          await new Promise((done) => setTimeout(done, 2));
        }
        await verifier.close();`;
      await writeFile(join(folder, 'host.mjs'), program);
      const { publicUrl } = h.instance.ctx.config;
      const node = process.env['OLDEST_NODE'] ?? process.execPath;
      const { stdout } = await run(node, [join(folder, 'host.mjs'), h.origin, publicUrl, apiKey, accessToken]);
      expect(stdout.trim()).toBe(`${accountId} revoked-token`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
