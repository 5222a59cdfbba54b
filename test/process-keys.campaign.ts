import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { databaseUrl, TEMPLATE } from './support/global-setup.ts';
import { PASSWORD } from './support/harness.ts';
import { newFolder, post, run, type Service, serve } from './support/process.ts';

const [old, next] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const server = inject('databaseServer');
const name = `test_${randomBytes(6).toString('hex')}`;
const onServer = async (sql: string) => {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(sql);
  await client.end();
};

let folder: Awaited<ReturnType<typeof newFolder>>;
const nodes: Service[] = [];
const ports: string[] = [];
let env: Record<string, string>;
beforeAll(async () => {
  folder = await newFolder();
  await onServer(`create database ${name} template ${TEMPLATE}`);
  env = {
    DATABASE_URL: databaseUrl(server, name),
    HOLDFAST_DATA: folder.path,
    PUBLIC_URL: 'http://localhost:3000',
    HOLDFAST_SECRET: old,
  };
  ports.push(await freePort(), await freePort());
  // One address for both, as behind a load balancer: it names the issuer.
  nodes.push(...(await Promise.all(ports.map((PORT) => serve({ ...env, PORT })))));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.end()));
  await onServer(`drop database ${name} with (force)`);
  await folder.remove();
});

const both = { HOLDFAST_SECRET: next, HOLDFAST_SECRET_PREVIOUS: old };
const keys = (args: string[], change: Record<string, string> = {}) => run(['keys', ...args], { ...env, ...change });
const said = async (args: string[]) => JSON.parse((await keys([...args, '--json'])).stdout);
const urls = () => ports.map((port) => `http://127.0.0.1:${port}`);
const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;

async function statuses(token: string): Promise<number[]> {
  const headers = { authorization: `Bearer ${token}` };
  return await Promise.all(urls().map(async (url) => (await fetch(`${url}/v1/me`, { headers })).status));
}

async function freePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return String(port);
}

async function restart(place: number, change: Record<string, string>): Promise<void> {
  await nodes[place]?.end();
  nodes[place] = await serve({ ...env, PORT: ports[place] as string, ...change });
}

const email = 'ana@example.com';
async function signIn(): Promise<string> {
  const { body } = await post(urls()[0] as string, '/v1/auth/sign-in', { identifier: email, password: PASSWORD });
  return body.accessToken;
}

describe('holdfast keys, beside two nodes of a running service', () => {
  it('rotates and revokes, and both nodes follow', async () => {
    const { apiKey } = JSON.parse(
      (await run(['api-key', 'create', '--name', 'x', '--scopes', 'accounts:write', '--json'], env)).stdout,
    );
    const account = { email, emailConfirmed: true, password: PASSWORD };
    expect((await post(urls()[0] as string, '/v1/server/accounts', account, apiKey)).status).toBe(201);
    const before = await signIn();

    const listed = await keys(['list']);
    expect([listed.code, listed.stderr]).toEqual([0, '']);
    expect(listed.stdout.split('\n')[0]).toMatch(/^key +purpose +state +used from +wrapped by$/);
    expect(listed.stdout).toMatch(new RegExp(`^${kidOf(before)} +signing +in use +\\S+Z +HOLDFAST_SECRET$`, 'm'));

    const announced = await keys(['rotate']);
    expect(announced.stdout).toMatch(/^Made sig-[0-9a-f]{12}, used from \S+Z\n$/);
    expect((await keys(['rotate'])).stdout).toMatch(/^sig-[0-9a-f]{12} was announced before and is used from /);

    const { keyId } = await said(['rotate', '--now']);
    await expect.poll(async () => kidOf(await signIn()), { timeout: 20_000 }).toBe(keyId);
    const after = await signIn();
    expect([await statuses(before), await statuses(after)]).toEqual([
      [200, 200],
      [200, 200],
    ]);

    const { successorId } = await said(['revoke', keyId]);
    await expect.poll(() => statuses(after), { timeout: 20_000 }).toEqual([401, 401]);
    expect(await statuses(before)).toEqual([200, 200]);
    expect(kidOf(await signIn())).toBe(successorId);
  }, 120_000);

  it('says in one line what cannot be', async () => {
    const [unknown, hashing] = await Promise.all([
      keys(['revoke', 'sig-000000000000']),
      keys(['rotate', '--purpose', 'hashing']),
    ]);
    expect([unknown.code, unknown.stdout, unknown.stderr]).toEqual([1, '', 'There is no key sig-000000000000\n']);
    expect([hashing.code, hashing.stderr]).toEqual([
      1,
      expect.stringMatching(/^With a new hashing key .* --yes .*\n$/),
    ]);
  }, 120_000);

  it('V13.3.4 takes the service from one HOLDFAST_SECRET to the next without an interruption', async () => {
    const token = await signIn();
    const early = await keys(['rewrap'], both);
    expect([early.code, early.stderr]).toEqual([1, expect.stringMatching(/^2 of 3 running nodes and commands do not/)]);

    await restart(0, both);
    expect(await statuses(token)).toEqual([200, 200]);
    expect((await keys(['rewrap'], both)).stderr).toMatch(/^1 of 3 /);
    await restart(1, both);
    const done = await keys(['rewrap'], both);
    expect([done.code, done.stderr]).toEqual([0, '']);
    expect(done.stdout).toMatch(/^Wrapped \d+ keys by HOLDFAST_SECRET; HOLDFAST_SECRET_PREVIOUS can go\n$/);
    expect(await statuses(token)).toEqual([200, 200]);

    await Promise.all([0, 1].map((place) => restart(place, { HOLDFAST_SECRET: next })));
    expect(await statuses(token)).toEqual([200, 200]);
    expect(await statuses(await signIn())).toEqual([200, 200]);
    const late = await run(['serve'], { ...env, PORT: '0' });
    expect([late.code, late.stderr.split('\n')]).toEqual([
      1,
      [expect.stringMatching(/^HOLDFAST_SECRET is not the one this database was set up with/), ''],
    ]);
    for (const node of nodes) expect(node.stderr()).toBe('');
  }, 120_000);
});
