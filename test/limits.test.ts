import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { closeServer, listen } from '../src/listen.ts';
import { addressBlock } from '../src/lockout/address-block.ts';
import { type Harness, newAgent, newApiKey, newOwner, openHarness, PASSWORD, someEmail } from './support/harness.ts';
import { openNode } from './support/nodes.ts';
import { freezeByAgent, freezeLinkOf, hostKey, mailedToken, newSignedIn, reason } from './support/seed.ts';

const ORIGIN = 'https://shop.example';
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

async function startRedis(at?: number): Promise<{ url: string; port: number; kill(): Promise<void> }> {
  const free = new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
  const port = at ?? (await free);
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
    port,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** How many counts Redis itself holds, asked past our own client. */
async function countRedisKeys(port: number): Promise<number> {
  const client = new Redis(port, '127.0.0.1');
  const size = await client.dbsize();
  client.disconnect();
  return size;
}

async function countAccepted(h: Harness, tries: number, ip: string): Promise<number> {
  const attempts = Array.from({ length: tries }, () =>
    h.post('/v1/auth/password-reset', { identifier: someEmail() }, { ip }),
  );
  return (await Promise.all(attempts)).filter((answer) => answer.status === 202).length;
}

/** Tries of passwords on two nodes at once, from one address: how many were looked at. */
async function countGuesses(nodes: Pick<Harness['instance'], 'app'>[], each: number, ip: string): Promise<number> {
  const guess = (app: Harness['instance']['app']) =>
    app.request(
      '/v1/auth/sign-in',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ identifier: someEmail(), password: 'a guess like any other' }),
      },
      { incoming: { socket: { remoteAddress: ip } } },
    );
  const answers = await Promise.all(nodes.flatMap(({ app }) => Array.from({ length: each }, () => guess(app))));
  expect(answers.every(({ status }) => status === 401 || status === 429)).toBe(true);
  return answers.filter(({ status }) => status === 401).length;
}

async function countAllowed(asks: (() => Promise<{ status: number }>)[], each: number): Promise<number> {
  const answers = await Promise.all(asks.flatMap((ask) => Array.from({ length: each }, ask)));
  expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
  return answers.filter(({ status }) => status === 200).length;
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

  it('V2.4.1 are held again by Redis once it is back', async () => {
    const redis = await startRedis();
    const [a, b] = [await open({ env: { REDIS_URL: redis.url } }), await open({ env: { REDIS_URL: redis.url } })];
    await redis.kill();
    expect(await countAccepted(a, 3, '10.1.1.3')).toBe(3);
    const again = await startRedis(redis.port);
    await expect.poll(() => countRedisKeys(again.port), { timeout: 5_000 }).toBe(0);
    await expect
      .poll(
        async () => {
          await countAccepted(a, 1, '10.1.1.4');
          await countAccepted(b, 1, '10.1.1.4');
          return await countRedisKeys(again.port);
        },
        { timeout: 5_000 },
      )
      .toBe(1);
    // Each node comes back in its own time; from then on both count in one place.
    let block = 0;
    const together = async () => {
      block += 1;
      const ip = `10.1.2.${block}`;
      const accepted = await Promise.all([countAccepted(a, 15, ip), countAccepted(b, 15, ip)]);
      return accepted[0] + accepted[1];
    };
    await expect.poll(together, { timeout: 10_000 }).toBe(10);
    await again.kill();
  });
});

describe.each(['Redis', 'Postgres'])('two nodes with %s', (store) => {
  async function openTwo(options: Parameters<typeof openHarness>[0] = {}) {
    const redis = store === 'Redis' ? await startRedis() : undefined;
    const h = await open({ ...options, env: redis ? { REDIS_URL: redis.url } : {} });
    return { h, other: await openNode(h), redis };
  }

  it('V6.3.1 V2.4.1 share one limit of guesses exactly', async () => {
    const { h, other, redis } = await openTwo();
    expect(await countGuesses([h.instance, other], 40, '10.1.2.1')).toBe(30);
    expect(await countGuesses([other], 5, '10.1.2.1')).toBe(0);
    await other.close();
    await redis?.kill();
  });

  it('V2.4.1 HT-R3 share the budget of an API key exactly', async () => {
    const { h, other, redis } = await openTwo({ policy: { 'limits.requestsPerKey': 100 } });
    const { accountId } = await newOwner(h);
    const key = await newApiKey(h);
    const path = `/v1/server/accounts/${accountId}/gate?action=payment`;
    expect(await countAllowed([() => h.get(path, key), () => other.get(path, key)], 80)).toBe(100);
    await other.close();
    await redis?.kill();
  });
});

describe('more sign-ins than can be hashed', () => {
  it('V15.2.2 are refused with 503 and Retry-After before they are looked at; freezes, reports and agents go on', async () => {
    const h = await open({
      policy: { 'passwords.argon2id': 'm=19456,t=2,p=1', 'limits.signInPerIp': 1_000 },
      env: { ALLOWED_ORIGINS: ORIGIN },
    });
    const { app, shed, ctx } = h.instance;
    const server = await listen(app.fetch, { ...ctx.config, port: 0 }, { shed });
    const agent = await newAgent(h);
    const [a, b] = [await newSignedIn(h), await newSignedIn(h)];
    let isOver = false;
    const statuses = new Set<number>();
    const guessing = async () => {
      while (!isOver) {
        const guess = { identifier: someEmail(), password: 'a guess like any other' };
        statuses.add((await h.post('/v1/auth/sign-in', guess)).status);
      }
    };
    const flood = Promise.all(Array.from({ length: 400 }, guessing));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/auth/sign-in`;
    const headers = { origin: ORIGIN, 'accept-language': 'zh-CN', 'x-request-id': 'a-late-one' };
    const ask = () => fetch(url, { method: 'POST', headers, body: 'of any form' });
    let late = await ask();
    while (late.status === 415) late = await ask();
    expect([late.status, await late.json()]).toEqual([
      503,
      {
        code: 'busy',
        requestId: 'a-late-one',
        status: 503,
        title: '服务繁忙，请稍后重试',
        type: expect.stringMatching(/\/problems\/busy$/),
      },
    ]);
    expect(Object.fromEntries(late.headers)).toMatchObject({
      'retry-after': '1',
      'content-type': 'application/problem+json',
      'x-request-id': 'a-late-one',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': ORIGIN,
      vary: 'Origin',
    });
    await closeServer(server, 0);
    const answers = await Promise.all([
      h.post('/v1/me/reports', { kind: 'takeover', message: 'Help' }, { token: a.accessToken }),
      h.post('/v1/me/freeze', {}, { token: b.accessToken }),
      freezeByAgent(h, agent, a.accountId),
      h.post('/v1/agent/auth/sign-in', { email: agent.email, password: agent.password, code: '000000' }),
      h.get('/health/ready'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 401, 200]);
    isOver = true;
    await flood;
    expect([...statuses].toSorted()).toEqual([401, 503]);
  });
});

describe('with no store that counts', () => {
  it('V2.4.1 guessing is refused as busy, and nothing is looked at', async () => {
    const redis = await startRedis();
    const h = await open({ env: { REDIS_URL: redis.url } });
    const owner = await newOwner(h);
    await redis.kill();
    await h.pool.query('alter table rate_limits rename to rate_limits_gone');
    const right = { identifier: owner.email, password: PASSWORD };
    for (const [path, body, token] of [
      ['/v1/auth/sign-in', right],
      ['/v1/auth/sign-in', { ...right, deviceToken: owner.deviceToken }],
      ['/v1/auth/case-access', right],
      ['/v1/auth/second-factor', { challenge: 'x'.repeat(43), factor: 'totp', code: '123456' }],
      ['/v1/auth/password-reset', { identifier: owner.email }],
      ['/v1/me/step-up', { password: PASSWORD }, owner.accessToken],
      ['/v1/agent/auth/sign-in', { email: owner.email, password: PASSWORD, code: '123456' }],
    ] as const) {
      const answer = await h.post(path, body, { token });
      expect([answer.status, answer.body.code], path).toEqual([503, 'busy']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });

  it('V2.4.1 guessing is refused as busy where its table never answers', async () => {
    const h = await open();
    const breaking = await h.pool.connect();
    await breaking.query('begin; lock table rate_limits in access exclusive mode');
    const { status, body } = await h.post('/v1/auth/sign-in', { identifier: someEmail(), password: PASSWORD });
    await breaking.query('rollback');
    breaking.release();
    expect([status, body.code]).toEqual([503, 'busy']);
    const after = await h.post('/v1/auth/sign-in', { identifier: someEmail(), password: PASSWORD });
    expect(after.status).toBe(401);
  });

  it.each([
    ['is gone', 'alter table rate_limits rename to rate_limits_gone'],
    ['never answers', 'begin; lock table rate_limits in access exclusive mode'],
  ])('V2.4.1 freezing and reporting go through: Redis dead, and Postgres’ table %s', async (_, breakIt) => {
    const redis = await startRedis();
    const h = await open({ env: { REDIS_URL: redis.url } });
    const agent = await newAgent(h);
    const [pressed, owning, hosted, served] = await Promise.all([
      newSignedIn(h),
      newSignedIn(h),
      newSignedIn(h),
      newSignedIn(h),
    ]);
    await freezeByAgent(h, agent, served.accountId);
    const caseLink = await mailedToken(h, served.email, 'case');
    const freezeLink = await freezeLinkOf(h, pressed.email);
    const key = await hostKey(h);
    await redis.kill();
    const breaking = await h.pool.connect();
    await breaking.query(breakIt);

    const began = performance.now();
    const reported = await h.post(
      '/v1/me/reports',
      { kind: 'takeover', message: 'Help' },
      { token: owning.accessToken },
    );
    const said = await h.post(
      `/v1/me/cases/${reported.body.caseId}/messages`,
      { message: 'Quick' },
      { token: owning.accessToken },
    );
    const answers = await Promise.all([
      h.post('/v1/auth/case-access', { token: caseLink }),
      h.post('/v1/auth/link/use', { token: freezeLink, confirm: true }),
      h.post('/v1/me/freeze', {}, { token: owning.accessToken }),
      h.post(`/v1/server/accounts/${hosted.accountId}/freeze`, reason, { token: key }),
      freezeByAgent(h, agent, hosted.accountId),
      h.get(`/v1/agent/accounts/${hosted.accountId}`, agent.accessToken),
    ]);
    expect([reported, said, ...answers].map(({ status }) => status)).toEqual([201, 201, 200, 200, 201, 201, 201, 200]);
    expect(performance.now() - began).toBeLessThan(5_000);
    await breaking.query('rollback');
    breaking.release();
  });
});
