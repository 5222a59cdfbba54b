import { randomInt } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { createVerifier, type Verifier } from 'holdfast/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newId } from '../src/crypto/ids.ts';
import { signAccess } from '../src/sessions/issue.ts';
import { HOUR, plus } from '../src/time.ts';
import { type Harness, newApiKey } from './support/harness.ts';
import { newFolder, post, run, type Service, serve } from './support/process.ts';
import { type Entry, type Reader, readStream } from './support/revocation-stream.ts';
import { hostKey, reason } from './support/seed.ts';
import { openServed, openWire, type Served, type Wire } from './support/served.ts';

/** `npm run campaign:revocations` does it longer. */
const CUTS = Number(process.env['CUTS'] ?? 100);
const RESTARTS = Number(process.env['RESTARTS'] ?? 3);
const SESSIONS_EACH = 2;

type Live = { accountId: string; sessionId: string; accessToken: string };

/** An account with sessions, made without the cost of passwords. */
async function seed(h: Harness): Promise<Live[]> {
  const { ctx } = h.instance;
  const now = h.clock.now();
  const accountId = newId(now);
  await h.pool.query('insert into accounts (id, email, email_confirmed_at, created_at) values ($1, $2, $3, $3)', [
    accountId,
    `${accountId}@example.com`,
    now,
  ]);
  const sessions = Array.from({ length: SESSIONS_EACH }, () => newId(now));
  await h.pool.query(
    `insert into sessions (id, account_id, acr, amr, auth_time, created_at, last_seen_at, expires_at)
     select id, $1, 'aal1', '{pwd}', $3, $3, $3, $3::timestamptz + '12 h' from unnest($2::uuid[]) as id`,
    [accountId, sessions, now],
  );
  return sessions.map((sessionId) => {
    const times = { authTime: now, endsAt: plus(now, 12 * HOUR) };
    const { accessToken } = signAccess(ctx, { sessionId, accountId, ...times, acr: 'aal1', amr: ['pwd'] }, now);
    return { accountId, sessionId, accessToken };
  });
}

/** Reads on from where it was after every cut, as any client would: what it was told in all. */
function readOn(open: (lastEventId: string | undefined) => Promise<Reader>) {
  const told: Entry[] = [];
  let lastEventId: string | undefined;
  let isOver = false;
  let resets = 0;
  let current: Reader | undefined;
  const reading = (async () => {
    while (!isOver) {
      try {
        current = await open(lastEventId);
        await current.ended;
        told.push(...current.entries);
        resets += current.events.filter(({ name }) => name === 'reset').length;
        lastEventId = current.lastEventId() ?? lastEventId;
      } catch {
        await pass(randomInt(20));
      }
    }
  })();
  return {
    told: () => [...told, ...(current?.entries ?? [])],
    resets: () => resets,
    async close() {
      isOver = true;
      await current?.cut();
      await reading;
    },
  };
}

const verdict = (verifier: Verifier, token: string) =>
  verifier.verify(token).then(
    () => 'passes',
    ({ code }) => code,
  );

describe(`a stream cut at random ${CUTS} times`, () => {
  let h: Served;
  let wire: Wire;
  beforeAll(async () => {
    h = await openServed({ policy: { 'revocations.heartbeat': 50 } });
    wire = await openWire(h.origin);
  });
  afterAll(async () => {
    await wire.close();
    await h.close();
  });

  it('misses nothing, on either side of it', { timeout: 120_000 + CUTS * 200 }, async () => {
    const node = await h.addNode();
    const key = await newApiKey(h, ['sessions:read']);
    const token = await hostKey(h);
    const wired: typeof fetch = (path, init) => fetch(`${wire.origin}${path}`, init);
    const reader = readOn((lastEventId) => readStream(undefined, key, { lastEventId, fetch: wired }));
    const options = { issuer: h.instance.ctx.config.publicUrl, apiKey: key, reportActivityMs: false } as const;
    const verifier = createVerifier({ ...options, baseUrl: wire.origin, whenStale: 'refuse' });
    const sessions = (await Promise.all(Array.from({ length: CUTS * 2 }, () => seed(h)))).flat();
    let cuts = 0;
    const cutting = (async () => {
      while (cuts < CUTS) {
        await pass(randomInt(1, 40));
        if (wire.count() === 0) continue;
        wire.cut();
        cuts += 1;
      }
    })();

    // Freezes by one node, sign-outs by the other, several at a time, for as long as cuts go on.
    const queue = sessions.values();
    const act = async () => {
      for (const { accountId, accessToken } of queue) {
        if (cuts >= CUTS) return;
        const dice = randomInt(4);
        if (dice === 0) await h.post(`/v1/server/accounts/${accountId}/freeze`, reason, { token });
        else if (dice === 1) await post(node.origin, '/v1/auth/sign-out', {}, accessToken);
        await pass(randomInt(Math.ceil((CUTS * 25 * 4) / sessions.length)));
      }
    };
    await Promise.all([act(), act(), act(), cutting]);

    const { rows: ended } = await h.pool.query<{ id: string }>('select id from sessions where ended_at is not null');
    const { rows: frozen } = await h.pool.query<{ id: string }>('select account_id as id from holds');
    expect(ended.length).toBeGreaterThan(CUTS / 4);
    const missing = () => {
      const told = reader.told();
      const [bySession, byAccount] = [
        new Set(told.map(({ sessionId }) => sessionId)),
        new Set(told.filter(({ sessionId }) => !sessionId).map(({ accountId }) => accountId)),
      ];
      return [...ended.filter(({ id }) => !bySession.has(id)), ...frozen.filter(({ id }) => !byAccount.has(id))];
    };
    await vi.waitFor(() => expect(missing()).toEqual([]), { timeout: 20_000 });
    expect(reader.resets()).toBe(0);
    const gone = new Set(ended.map(({ id }) => id));
    expect(reader.told().filter(({ sessionId }) => sessionId !== undefined && !gone.has(sessionId))).toEqual([]);

    await vi.waitFor(() => expect(verifier.isFresh()).toBe(true), { timeout: 20_000 });
    for (const { sessionId, accessToken } of sessions) {
      const expected = gone.has(sessionId) ? 'revoked-token' : 'passes';
      // The last cut may not have been noticed yet.
      await vi.waitFor(async () => expect(await verdict(verifier, accessToken), sessionId).toBe(expected));
    }
    await Promise.all([reader.close(), verifier.close()]);
  });
});

describe('a service that is killed', () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let service: Service;
  let env: Record<string, string>;
  beforeAll(async () => {
    folder = await newFolder();
    env = { HOLDFAST_DATA: folder.path, HOLDFAST_LOG: 'silent' };
    service = await serve(env);
    // The same port again, so that clients find it where it was.
    env = { ...env, PORT: new URL(service.url).port, PUBLIC_URL: service.url };
  });
  afterAll(async () => {
    await service.end();
    await folder.remove();
  });

  it('leaves no gap: not to a verifier that lives on, nor to one that begins, nor to a place from before', {
    timeout: 30_000 + RESTARTS * 15_000,
  }, async () => {
    const scopes = 'accounts:write,accounts:freeze,sessions:read';
    const made = await run(['api-key', 'create', '--name', 'shop', '--scopes', scopes, '--json'], env);
    const apiKey = JSON.parse(made.stdout).apiKey;
    const verifierOf = () => createVerifier({ baseUrl: service.url, apiKey, whenStale: 'refuse', maxStaleMs: 15_000 });
    const open = (lastEventId?: string) =>
      readStream(undefined, apiKey, { lastEventId, fetch: (path, init) => fetch(`${service.url}${path}`, init) });
    const password = 'correct horse battery staple';
    const steady = verifierOf();
    let place: string | undefined;
    const tokens: string[] = [];

    for (let round = 0; round < RESTARTS; round++) {
      const email = `killed-${round}@example.com`;
      const account = await post(service.url, '/v1/server/accounts', { email, password, emailConfirmed: true }, apiKey);
      const { body } = await post(service.url, '/v1/auth/sign-in', { identifier: email, password });
      const before = await open(place);
      await before.until(() => before.events.some(({ name }) => name === 'ready'));
      place = before.lastEventId();
      const path = `/v1/server/accounts/${account.body.id}/freeze`;
      const { status } = await post(service.url, path, reason, apiKey);
      expect(status).toBe(201);
      // The freeze is acknowledged; whether anybody was told of it is up to the moment of the kill.
      await service.end('SIGKILL');
      await before.ended;
      service = await serve(env);
      tokens.push(body.accessToken);

      const after = await open(place);
      await after.until(() => after.entries.some(({ sessionId }) => sessionId === body.sessionId));
      expect(after.events.map(({ name }) => name)).not.toContain('reset');
      await after.cut();
    }
    const fresh = verifierOf();
    await fresh.ready();
    for (const verifier of [steady, fresh]) {
      for (const token of tokens) {
        await vi.waitFor(async () => expect(await verdict(verifier, token)).toBe('revoked-token'), { timeout: 15_000 });
      }
      await verifier.close();
    }
  });

  it('that is told to stop ends its streams at once', async () => {
    const made = await run(['api-key', 'create', '--name', 'x', '--scopes', 'sessions:read', '--json'], env);
    const { apiKey } = JSON.parse(made.stdout);
    const reader = await readStream(undefined, apiKey, { fetch: (path, init) => fetch(`${service.url}${path}`, init) });
    await reader.until(() => reader.events.length > 0);
    const began = performance.now();
    const ending = service.end();
    await reader.ended;
    expect(performance.now() - began).toBeLessThan(2_000);
    expect((await ending).code).toBe(0);
    service = await serve(env);
  });
});
