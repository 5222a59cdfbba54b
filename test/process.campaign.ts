import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from './fixtures/embedded.ts';
import { newFolder, post, run, type Service, serve } from './support/process.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
let service: Service;
beforeAll(async () => {
  folder = await newFolder();
  service = await serve({ HOLDFAST_DATA: folder.path });
});
afterAll(async () => {
  await service.end();
  await folder.remove();
});

function postgresPid(): number {
  const path = join(folder.path, 'postgres/cluster/postmaster.pid');
  return existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : -1;
}

/** A sign-in on a connection that its client would like to keep. */
function signIn(agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${service.url}/v1/auth/sign-in`, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    asked.end(JSON.stringify({ identifier: `nobody-${Math.random()}@example.com`, password: 'whatever it may be' }));
  });
}

/** How far a process's threads stand back: field 19 of proc_pid_stat(5). */
function nicenessOf(pid: number): { main: number; pool: number[] } {
  const read = (id: string) => {
    const [, name, rest = ''] = /\((.*)\) (.*)/.exec(readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8')) ?? [];
    return { id, name, niceness: Number(rest.split(' ')[16]) };
  };
  const threads = readdirSync(`/proc/${pid}/task`).map(read);
  return {
    main: threads.find(({ id }) => id === String(pid))?.niceness ?? Number.NaN,
    pool: threads.filter(({ name }) => name === 'libuv-worker').map(({ niceness }) => niceness),
  };
}

async function raw(text: string): Promise<string> {
  const { port } = new URL(service.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  const chunks: string[] = [];
  socket.on('data', (chunk) => chunks.push(String(chunk)));
  socket.write(text);
  await once(socket, 'close');
  return chunks.join('');
}

describe('serve', () => {
  it('prints one line with the address at which it serves', async () => {
    expect(service.stdout()).toBe(`Holdfast serves ${service.url}\n`);
    const live = await fetch(`${service.url}/health/live`);
    expect([live.status, await live.json()]).toEqual([200, { status: 'live' }]);
    const ready = await fetch(`${service.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
  });

  it.runIf(process.platform === 'linux')('hashes on threads that let the one that answers go first', () => {
    const { main, pool } = nicenessOf(service.child.pid as number);
    expect(main).toBe(getPriority());
    expect(pool.length).toBeGreaterThan(4);
    expect(new Set(pool)).toEqual(new Set([main + 10]));
  });

  it('V4.1.4 answers TRACE with 405, and a body that never ends with 413', async () => {
    const traced = await raw('TRACE /v1/me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    expect(traced).toMatch(/^HTTP\/1.1 405 /);
    expect(traced.toLowerCase()).toContain('allow: get');
    const head = 'POST /v1/auth/sign-in HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    const chunk = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
    const flooded = await raw(`${head}connection: close\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(20)}`);
    expect(flooded).toMatch(/^HTTP\/1.1 413 /);
    const both = await raw(
      `${head}connection: close\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    );
    expect(both).toMatch(/^HTTP\/1.1 400 /);
  });

  it('says which port is taken', async () => {
    const other = await newFolder();
    const { port } = new URL(service.url);
    const { code, stdout, stderr } = await run(['serve'], { HOLDFAST_DATA: other.path, PORT: port });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`Port ${port} on 127.0.0.1 is taken: set PORT to another, or 0 for any free one.\n`);
    await other.remove();
  });

  it('makes agents and keys beside it, which work as they are printed', async () => {
    const env = { HOLDFAST_DATA: folder.path };
    const made = await run(
      ['agent', 'create', '--email', 'kim@example.com', '--name', 'Kim', '--role', 'admin', '--json'],
      env,
    );
    expect(made.stderr).toBe('');
    expect(made.stdout.trim().split('\n')).toHaveLength(1);
    const agent = JSON.parse(made.stdout);
    expect(Object.keys(agent).sort()).toEqual(['agentId', 'email', 'password', 'totpSecret']);
    const { totpCode } = await import('./support/harness.ts');
    const code = totpCode(agent.totpSecret, new Date());
    const signedIn = await post(service.url, '/v1/agent/auth/sign-in', {
      email: agent.email,
      password: agent.password,
      code,
    });
    expect([signedIn.status, signedIn.body.agentId]).toEqual([200, agent.agentId]);
    const again = await run(['agent', 'create', '--email', 'KIM@example.com', '--name', 'K', '--role', 'agent'], env);
    expect([again.code, again.stdout, again.stderr]).toEqual([1, '', 'There is one with this address already.\n']);
    const key = JSON.parse(
      (await run(['api-key', 'create', '--name', 'shop', '--scopes', 'accounts:write,accounts:read', '--json'], env))
        .stdout,
    );
    expect(Object.keys(key).sort()).toEqual(['apiKey', 'apiKeyId']);
    const account = await post(service.url, '/v1/server/accounts', { email: 'ana@example.com' }, key.apiKey);
    expect(account.status).toBe(201);
    const frozen = await post(
      service.url,
      `/v1/server/accounts/${account.body.id}/freeze`,
      { reasonCode: 'other', note: 'x' },
      key.apiKey,
    );
    expect(frozen.status).toBe(403);
  });

  it('finishes the requests under way when told to stop, and leaves no database behind', async () => {
    const postgres = postgresPid();
    expect(isAlive(postgres)).toBe(true);
    const agent = new Agent({ keepAlive: true });
    await signIn(agent);
    const slow = connect(Number(new URL(service.url).port), '127.0.0.1');
    slow.on('error', () => undefined);
    slow.write(
      'POST /v1/auth/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    );
    const underWay = Array.from({ length: 12 }, () => signIn(agent));
    await Promise.race(underWay);
    const [{ code, ms }, ...statuses] = await Promise.all([service.end('SIGTERM'), ...underWay]);
    // Each is answered; the later ones with work to do first, for so many strangers look like guessing.
    expect(statuses.every((status) => status === 401 || status === 403)).toBe(true);
    expect([code, service.stderr()]).toEqual([0, '']);
    expect(ms).toBeLessThan(9_000);
    expect(isAlive(postgres)).toBe(false);
    agent.destroy();
    slow.destroy();
  });

  it('commands work without it too, on the same data, and stop the database they started', async () => {
    const env = { HOLDFAST_DATA: folder.path };
    const { code, stdout } = await run(
      ['api-key', 'create', '--name', 'later', '--scopes', 'accounts:read', '--json'],
      env,
    );
    expect(code).toBe(0);
    await expect.poll(() => isAlive(postgresPid()), { timeout: 20_000 }).toBe(false);
    service = await serve(env);
    const key = JSON.parse(stdout).apiKey;
    const response = await fetch(`${service.url}/v1/server/accounts/external:none`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(response.status).toBe(404);
  });
});

describe('a start that cannot be', () => {
  const refused: [string, Record<string, string>, string?][] = [
    ['PORT', { PORT: 'eighty' }],
    ['HOLDFAST_SECRET', { NODE_ENV: 'production' }],
    ['SMTP_URL', { NODE_ENV: 'production', HOLDFAST_SECRET: Buffer.alloc(32).toString('base64') }],
    ['"lockout.maxFailures"', {}, 'lockout:\n  maxFailures: 6\n'],
    ['"lockout.maxFailure"', {}, 'lockout:\n  maxFailure: 5\n'],
  ];

  it.each(refused)('names %s', async (name, extra, policy) => {
    const path = join(folder.path, 'policy.yaml');
    if (policy !== undefined) writeFileSync(path, policy);
    const env = { PORT: '0', HOLDFAST_DATA: '/nowhere', ...extra, ...(policy && { HOLDFAST_POLICY: path }) };
    const { code, stdout, stderr } = await run(['serve'], env);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(name);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
