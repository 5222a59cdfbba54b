import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { addressBlock } from '../src/lockout/address-block.ts';
import { type Harness, openHarness, someEmail } from './support/harness.ts';

const opened: Harness[] = [];
const started: ChildProcess[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((h) => h.close()));
});
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

async function open(options: Parameters<typeof openHarness>[0] = {}): Promise<Harness> {
  const h = await openHarness(options);
  opened.push(h);
  return h;
}

async function startRedis(): Promise<{ url: string; kill(): Promise<void> }> {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
  const child = spawn('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ]);
  started.push(child);
  for await (const chunk of child.stdout) if (/Ready to accept connections/.test(String(chunk))) break;
  return {
    url: `redis://127.0.0.1:${port}`,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function countAccepted(h: Harness, tries: number, ip: string): Promise<number> {
  const attempts = Array.from({ length: tries }, () =>
    h.post('/v1/auth/password-reset', { identifier: someEmail() }, { ip }),
  );
  return (await Promise.all(attempts)).filter((answer) => answer.status === 202).length;
}

describe('V6.3.1 limits per address', () => {
  it('V2.4.1 lets exactly as many through as the policy says, also all at once', async () => {
    const h = await open();
    expect(await countAccepted(h, 40, '10.9.8.7')).toBe(10);
    const refused = await h.post('/v1/auth/password-reset', { identifier: someEmail() }, { ip: '10.9.8.7' });
    expect(refused.body.code).toBe('too-many-requests');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('cache-control')).toBe('no-store');
    expect(await countAccepted(h, 1, '10.9.8.8')).toBe(1);
  });

  it('counts an IPv6 subscriber once, whatever address of the /64 is used', async () => {
    const h = await open();
    const addresses = Array.from({ length: 12 }, (_, place) => `2001:db8:1:2::${(place + 1).toString(16)}`);
    const answers = await Promise.all(
      addresses.map((ip) => h.post('/v1/auth/password-reset', { identifier: someEmail() }, { ip })),
    );
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(10);
    expect(
      (await h.post('/v1/auth/password-reset', { identifier: someEmail() }, { ip: '2001:db8:1:3::1' })).status,
    ).toBe(202);
  });

  it.each([
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:ffff:1:2:3', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('sees %s as %s', (ip, block) => {
    expect(addressBlock(ip)).toBe(block);
  });
});

describe('limits in Redis', () => {
  it('are shared by two nodes and exact while Redis is up', async () => {
    const redis = await startRedis();
    const [a, b] = [await open({ env: { REDIS_URL: redis.url } }), await open({ env: { REDIS_URL: redis.url } })];
    const accepted = await Promise.all([countAccepted(a, 15, '10.1.1.1'), countAccepted(b, 15, '10.1.1.1')]);
    expect(accepted[0] + accepted[1]).toBe(10);
    await redis.kill();
  });

  it('move to Postgres when Redis dies, and never let more through than once again the limit', async () => {
    const redis = await startRedis();
    const h = await open({ env: { REDIS_URL: redis.url } });
    expect(await countAccepted(h, 5, '10.1.1.2')).toBe(5);
    await redis.kill();
    expect(await countAccepted(h, 30, '10.1.1.2')).toBe(10);
    expect((await h.get('/health/ready')).status).toBe(200);
  });
});
