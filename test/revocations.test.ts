import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../src/crypto/ids.ts';
import { revokingTypes } from '../src/revocations/rules.ts';
import { type Harness, newAgent, newApiKey, openHarness, PASSWORD, type TestAgent } from './support/harness.ts';
import { type Reader, readStream, readyStream } from './support/revocation-stream.ts';
import { enrol, freezeByAgent, hostKey, mailedToken, newSignedIn, type SignedIn, signIn } from './support/seed.ts';

const HEARTBEAT = 40;

let h: Harness;
let key: string;
let agent: TestAgent;
const open: Reader[] = [];
beforeAll(async () => {
  h = await openHarness({ policy: { 'revocations.heartbeat': HEARTBEAT, 'limits.streamsPerKey': 3 } });
  key = await newApiKey(h, ['sessions:read']);
  agent = await newAgent(h);
});
afterEach(async () => {
  for (const stream of open.splice(0)) await stream.cut();
});
afterAll(() => h.close());

async function stream(lastEventId?: string): Promise<Reader> {
  const opened = await readyStream(h, key, { lastEventId });
  open.push(opened);
  return opened;
}

/** What it was told of this account; once or twice is the same. */
const of = (reader: Reader, { accountId }: SignedIn) => {
  const told = reader.entries.filter((entry) => entry.accountId === accountId);
  return [...new Map(told.map((entry) => [JSON.stringify(entry), entry])).values()];
};
const signOut = ({ accessToken }: { accessToken: string }) =>
  h.post('/v1/auth/sign-out', undefined, { token: accessToken });

/** What the database says has ended on these accounts: judged by the sessions themselves, not by events. */
async function endedSessions(accountId: string): Promise<string[]> {
  const sql = 'select id from sessions where account_id = $1 and ended_at is not null order by id';
  return (await h.pool.query(sql, [accountId])).rows.map(({ id }) => id);
}

describe('the stream of revocations', () => {
  it('V7.4.1 tells of a sign-out at once, in the form of the contract', async () => {
    const reader = await stream();
    const owner = await newSignedIn(h);
    await signOut(owner);
    await reader.until(() => of(reader, owner).length > 0);
    const at = h.clock.now().toISOString();
    expect(of(reader, owner)).toEqual([
      { accountId: owner.accountId, sessionId: owner.sessionId, at, reason: 'signed-out' },
    ]);
  });

  it('V7.4.2 tells of a freeze, for the account and for each of its sessions', async () => {
    const reader = await stream();
    const owner = await newSignedIn(h);
    const other = await signIn(h, owner.email);
    await freezeByAgent(h, agent, owner.accountId);
    await reader.until(() => of(reader, owner).length >= 3);
    const told = of(reader, owner);
    expect(told.find(({ sessionId }) => sessionId === undefined)?.reason).toBe('frozen');
    expect(told.flatMap(({ sessionId }) => sessionId ?? []).sort()).toEqual([owner.sessionId, other.sessionId].sort());
  });

  it.each<[string, (owner: SignedIn) => Promise<unknown>]>([
    [
      'a legal hold on everything',
      (owner) =>
        h.post(
          `/v1/agent/accounts/${owner.accountId}/holds`,
          { scope: 'all', reasonCode: 'legal-order', note: 'Court' },
          { token: agent.accessToken },
        ),
    ],
    [
      'an agent’s revocation',
      (owner) =>
        h.post(`/v1/agent/accounts/${owner.accountId}/revoke-sessions`, { note: 'x' }, { token: agent.accessToken }),
    ],
    [
      'a reset of the password',
      async (owner) => {
        await h.post('/v1/auth/password-reset', { identifier: owner.email });
        const token = await mailedToken(h, owner.email, 'reset');
        return await h.post('/v1/auth/password-reset/confirm', { token, newPassword: `${PASSWORD} anew` });
      },
    ],
    [
      'a new second factor',
      async (owner) => {
        await signIn(h, owner.email);
        await enrol(h, owner.accessToken);
      },
    ],
    [
      'a refresh token used twice',
      async ({ refreshToken }) => {
        await h.post('/v1/auth/refresh', { refreshToken });
        h.clock.advance(60_000);
        await h.post('/v1/auth/refresh', { refreshToken });
      },
    ],
    ['the owner’s own freeze', (owner) => h.post('/v1/me/freeze', {}, { token: owner.accessToken })],
    [
      'an erasure',
      async ({ accountId }) => h.post(`/v1/server/accounts/${accountId}/erase`, undefined, { token: await hostKey(h) }),
    ],
  ])('tells of every session that %s ended, and of no other', async (_what, act) => {
    const reader = await stream();
    const owner = await newSignedIn(h);
    await act(owner);
    const ended = await endedSessions(owner.accountId);
    expect(ended.length).toBeGreaterThan(0);
    const told = () => [...new Set(of(reader, owner).flatMap(({ sessionId }) => sessionId ?? []))].sort();
    await reader.until(() => told().length >= ended.length);
    expect(told()).toEqual(ended);
  });

  it('says nothing of agents’ sessions', async () => {
    const reader = await stream();
    const before = reader.entries.length;
    const other = await newAgent(h);
    await h.post('/v1/agent/auth/sign-out', undefined, { token: other.accessToken });
    const owner = await newSignedIn(h);
    await signOut(owner);
    await reader.until(() => of(reader, owner).length > 0);
    expect(reader.entries.slice(before).map(({ accountId }) => accountId)).toEqual([owner.accountId]);
  });

  it('goes through proxies as a stream, and is kept nowhere', async () => {
    const { headers } = await stream();
    expect(headers.get('content-type')).toBe('text/event-stream');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(headers.get('content-encoding')).toBe(null);
  });
});

describe('a stream that begins', () => {
  it('without a place tells what a live token could fall under, and no older', async () => {
    const old = await newSignedIn(h);
    await signOut(old);
    h.clock.advance(6 * 60_000 + 1_000);
    const recent = await newSignedIn(h);
    await signOut(recent);
    const reader = await stream();
    expect(of(reader, recent)).toHaveLength(1);
    expect(of(reader, old)).toEqual([]);
    expect(reader.events).toEqual([{ name: 'ready', data: { heartbeatMs: HEARTBEAT, windowMs: 360_000 } }]);
  });

  it('at a place tells everything since, however long ago within a day', async () => {
    const before = await stream();
    const place = before.lastEventId();
    await before.cut();
    const owner = await newSignedIn(h);
    await signOut(owner);
    h.clock.advance(23 * 60 * 60_000);
    const reader = await stream(place);
    expect(of(reader, owner)).toHaveLength(1);
    expect(reader.events.map(({ name }) => name)).toEqual(['ready']);
  });

  it.each<[string, (place: string) => string]>([
    ['older than a day', (place) => place.replace(/^\d+/, (seconds) => String(Number(seconds) - 86_401))],
    ['from ahead of this database', (place) => place.replace(/-.*/, '-99999999999:99999999999:')],
    ['that nobody wrote', () => 'nonsense'],
    ['past the largest transaction', (place) => place.replace(/-.*/, '-1:99999999999999999999:')],
    ['of no shape', (place) => place.replaceAll(':', ';')],
  ])('at a place %s says so and starts anew', async (_what, change) => {
    const before = await stream();
    const owner = await newSignedIn(h);
    await signOut(owner);
    const reader = await stream(change(before.lastEventId() as string));
    expect(reader.events.map(({ name }) => name)).toEqual(['reset', 'ready']);
    expect(of(reader, owner)).toHaveLength(1);
  });

  it('misses nothing that commits late, and does not wait for it', async () => {
    const reader = await stream();
    const [slow, quick, later] = [await newSignedIn(h), await newSignedIn(h), await newSignedIn(h)];
    const client = await h.pool.connect();
    await client.query('begin');
    const values = [slow.sessionId, h.clock.now(), slow.accountId];
    await client.query(
      `insert into events (id, at, type, account_id, actor_kind, session_id, detail)
       values (gen_random_uuid(), $2, 'session.ended', $3, 'owner', $1, '{"reason":"signed-out"}')`,
      values,
    );
    await signOut(quick);
    await reader.until(() => of(reader, quick).length > 0);
    expect(of(reader, slow)).toEqual([]);
    // A place from while that transaction is open: whoever resumes at it must still be told.
    const beats = reader.heartbeats();
    await reader.until(() => reader.heartbeats() > beats);
    const place = reader.lastEventId() as string;
    await client.query('commit');
    client.release();
    await signOut(later);
    await reader.until(() => of(reader, slow).length > 0 && of(reader, later).length > 0);
    const resumed = await stream(place);
    expect(of(resumed, slow)).toHaveLength(1);
    expect(of(resumed, later)).toHaveLength(1);
    expect(of(resumed, quick)).toEqual([]);
  });
});

describe('a stream', () => {
  it('has a heartbeat whose place is as good as any', async () => {
    const reader = await stream();
    const first = reader.lastEventId();
    await reader.until(() => reader.heartbeats() >= 2);
    const owner = await newSignedIn(h);
    await signOut(owner);
    await reader.until(() => of(reader, owner).length > 0);
    const beats = reader.heartbeats();
    await reader.until(() => reader.heartbeats() > beats);
    expect(reader.lastEventId()).not.toBe(first);
    expect(of(await stream(reader.lastEventId()), owner)).toEqual([]);
  });

  it('ends within a heartbeat after its key was revoked', async () => {
    const other = await newApiKey(h, ['sessions:read']);
    const reader = await readyStream(h, other);
    await h.pool.query("update api_keys set revoked_at = now() where key_hash = sha256(convert_to($1, 'utf8'))", [
      other,
    ]);
    await reader.ended;
    expect((await readStream(h, other)).status).toBe(401);
  });

  it('is refused without a key, with a wrong one, and without the scope', async () => {
    const owner = await newSignedIn(h);
    for (const token of ['', 'hf_sk_wrong', owner.accessToken, agent.accessToken]) {
      expect((await readStream(h, token)).status).toBe(401);
    }
    expect((await readStream(h, await newApiKey(h, ['accounts:read']))).status).toBe(403);
  });

  it('V2.4.1 is one of as many as a key may have, and leaves its place when it goes', async () => {
    const [first] = [await stream(), await stream(), await stream()];
    const refused = await readStream(h, key);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await first?.cut();
    expect((await stream()).status).toBe(200);
  });

  it('that still tells what came before loses nothing that comes meanwhile', async () => {
    await revokeMany();
    const slow = await unread();
    const other = await stream();
    const owner = await newSignedIn(h);
    await signOut(owner);
    await other.until(() => of(other, owner).length > 0);
    const decoder = new TextDecoder();
    let text = '';
    while (!text.includes('event: ready')) text += decoder.decode((await slow.read()).value, { stream: true });
    expect(text).toContain(owner.sessionId);
    await slow.cancel();
  });

  it('is cut off when its reader does not read', async () => {
    h.clock.advance(7 * 60_000);
    const slow = await unread();
    await slow.read();
    const other = await stream();
    const before = other.entries.length;
    await revokeMany();
    await other.until(() => other.entries.length >= before + 8_000);
    await signOut(await newSignedIn(h));
    await other.until(() => other.entries.length > before + 8_000);
    const toTheEnd = async () => {
      for (;;) if ((await slow.read()).done) return;
    };
    await expect(toTheEnd()).rejects.toThrow('too slow');
  });

  async function unread() {
    const headers = { authorization: `Bearer ${key}` };
    const { body } = await h.instance.app.request('/v1/server/revocations', { headers });
    return (body as ReadableStream<Uint8Array>).getReader();
  }

  /** More than a stream holds for a reader that does not read. */
  async function revokeMany() {
    const sessionIds = Array.from({ length: 4_000 }, () => crypto.randomUUID());
    const { accountId } = await newSignedIn(h);
    for (const id of [newId(h.clock.now()), newId(h.clock.now())]) {
      await h.pool.query(
        `insert into events (id, at, type, account_id, actor_kind, detail)
         values ($1, $2, 'sessions.revoked', $3, 'system', $4)`,
        [id, h.clock.now(), accountId, { reason: 'test', sessionIds }],
      );
    }
  }
});

describe('the facts', () => {
  it('stand in the index as they stand in the table', async () => {
    const { rows } = await h.pool.query("select indexdef from pg_indexes where indexname = 'events_revoking'");
    const listed = [...rows[0].indexdef.matchAll(/'([a-z.-]+)'::text/g)].map(([, type]) => type);
    expect(listed.sort()).toEqual([...revokingTypes].sort());
  });

  it('are read through it', async () => {
    const { rows } = await h.pool.query(
      `explain select id from events where type in (${revokingTypes.map((type) => `'${type}'`)}) and tx >= '7'::xid8`,
    );
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('events_revoking');
  });
});
