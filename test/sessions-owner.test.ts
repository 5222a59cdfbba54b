import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness } from './support/harness.ts';
import { holding, untilWaiting } from './support/races.ts';
import { count, enrol, newSignedIn, type SignedIn, signIn } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const MINUTE = 60_000;
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
const me = async (token: string) => (await h.get('/v1/me', token)).status;
const list = async (token: string, query = '') => (await h.get(`/v1/me/sessions${query}`, token)).body;
const end = (token: string, id: string) => h.call('DELETE', `/v1/me/sessions/${id}`, { token });
const others = (token: string) => h.call('POST', '/v1/me/sessions/revoke-others', { token });
const all = (token: string) => h.call('POST', '/v1/me/sessions/revoke-all', { token });
const again = async (owner: SignedIn, extra = {}): Promise<SignedIn> => ({
  ...owner,
  ...(await signIn(h, owner.email, extra)),
});
const events = async (accountId: string, type: string) =>
  (
    await h.pool.query(
      'select actor_kind, actor_id, session_id, detail from events where account_id = $1 and type = $2 order by id',
      [accountId, type],
    )
  ).rows;

describe('where the owner is signed in', () => {
  it('V7.5.2 OW-CS3 is shown with device, address and last use, newest first', async () => {
    const { email } = await newSignedIn(h);
    h.clock.advance(MINUTE);
    const headers = { 'user-agent': FIREFOX };
    const here = await signIn(h, email, {}, { ip: '192.0.2.7', headers });
    const signedInAt = h.clock.now();
    h.clock.advance(2 * MINUTE);
    const { items, nextCursor } = await list(here.accessToken);
    expect(nextCursor).toBeNull();
    expect(items).toHaveLength(2);
    expect(items[0]).toEqual({
      id: here.sessionId,
      current: true,
      createdAt: signedInAt.toISOString(),
      lastSeenAt: h.clock.now().toISOString(),
      expiresAt: new Date(signedInAt.getTime() + 720 * MINUTE).toISOString(),
      ip: '192.0.2.7',
      place: null,
      device: { id: expect.any(String), name: 'Firefox on Windows', browser: 'Firefox', os: 'Windows' },
      acr: 'aal1',
      amr: ['pwd'],
    });
    expect(items[1]).toMatchObject({ current: false, device: { name: null, browser: null, os: null } });
  });

  it('V8.2.2 leaves out other accounts’, ended and idle ones', async () => {
    const [owner] = [await newSignedIn(h), await newSignedIn(h)];
    const out = await again(owner);
    await h.post('/v1/auth/sign-out', undefined, { token: out.accessToken });
    const ids = async (token: string) => (await list(token)).items.map(({ id }: { id: string }) => id);
    expect(await ids(owner.accessToken)).toEqual([owner.sessionId]);
    h.clock.advance(60 * MINUTE - 1);
    const late = await again(owner);
    expect(await ids(late.accessToken), 'a moment before it is idle').toEqual([late.sessionId, owner.sessionId]);
    h.clock.advance(1);
    expect(await ids(late.accessToken), 'and then').toEqual([late.sessionId]);
  });

  it('comes page by page, each once', async () => {
    const owner = await newSignedIn(h);
    const ids = [owner.sessionId];
    for (let n = 0; n < 4; n++) ids.unshift((await again(owner, { deviceToken: owner.deviceToken })).sessionId);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await list(owner.accessToken, `?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.items.map(({ id }: { id: string }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(ids);
  });
});

describe('an owner who ends a session', () => {
  it('V7.5.2 V10.4.9 ends it at once, with its refresh token, as one event; no other with it', async () => {
    const owner = await newSignedIn(h);
    const [thief, other] = [await again(owner), await again(owner)];
    const { status, text } = await end(owner.accessToken, thief.sessionId);
    expect([status, text]).toEqual([204, '']);
    expect([await me(thief.accessToken), await me(owner.accessToken), await me(other.accessToken)]).toEqual([
      401, 200, 200,
    ]);
    expect((await h.post('/v1/auth/refresh', { refreshToken: thief.refreshToken })).status).toBe(401);
    expect(await events(owner.accountId, 'session.ended')).toEqual([
      {
        actor_kind: 'owner',
        actor_id: owner.accountId,
        session_id: thief.sessionId,
        detail: { reason: 'revoked-by-owner' },
      },
    ]);
  });

  it('V8.2.2 gets 404 for another account’s, an agent’s, an unknown and an ended one, and changes nothing', async () => {
    const [owner, other] = [await newSignedIn(h), await newSignedIn(h)];
    const agent = await newAgent(h);
    const agents = await h.pool.query('select id from sessions where agent_id = $1', [agent.agentId]);
    const ended = await again(owner);
    expect((await end(owner.accessToken, ended.sessionId)).status).toBe(204);
    for (const id of [other.sessionId, agents.rows[0].id, owner.accountId, ended.sessionId]) {
      const { status, body } = await end(owner.accessToken, id);
      expect([status, body.code]).toEqual([404, 'not-found']);
    }
    expect(await me(other.accessToken)).toBe(200);
    expect((await h.get('/v1/agent/cases', agent.accessToken)).status).toBe(200);
    expect(await events(owner.accountId, 'session.ended')).toHaveLength(1);
  });

  it('V7.5.2 must have signed in recently, but for the session they are in', async () => {
    const owner = await newSignedIn(h);
    const other = await again(owner);
    h.clock.advance(15 * MINUTE + 1);
    const { accessToken } = (await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body;
    for (const answer of [await end(accessToken, other.sessionId), await others(accessToken), await all(accessToken)]) {
      expect([answer.status, answer.body.code]).toEqual([401, 'insufficient-authentication']);
      expect(answer.headers.get('www-authenticate')).toContain('max_age="900"');
    }
    const own = await end(accessToken, owner.sessionId);
    expect(own.status).toBe(204);
    expect(own.headers.getSetCookie()[0]).toMatch(/^__Host-holdfast-refresh=; Max-Age=0/);
    expect(await me(accessToken)).toBe(401);
  });

  it('ends it once among sixteen callers at once', async () => {
    const owner = await newSignedIn(h);
    const other = await again(owner);
    const answers = await Promise.all(Array.from({ length: 16 }, () => end(owner.accessToken, other.sessionId)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(15);
    expect(await events(owner.accountId, 'session.ended')).toHaveLength(1);
  });

  it('is refused where their own session ended while they waited', async () => {
    const owner = await newSignedIn(h);
    const other = await again(owner);
    const [answer] = await holding(
      h,
      'update accounts set version = version + 1 where id = $1',
      [owner.accountId],
      async () => {
        const waiting = [end(owner.accessToken, other.sessionId)];
        await untilWaiting(h, 1);
        await h.pool.query('update sessions set ended_at = $2 where id = $1', [owner.sessionId, h.clock.now()]);
        return waiting;
      },
    ).then((waiting) => Promise.all(waiting));
    expect(answer?.status).toBe(401);
    expect(await me(other.accessToken)).toBe(200);
  });
});

describe('an owner who signs out everywhere else', () => {
  it('V7.4.3 V7.5.2 keeps this session alone; half-done sign-ins end too, known devices stay', async () => {
    const owner = await newSignedIn(h);
    const [one, two] = [await again(owner), await again(owner)];
    const { status, text } = await others(owner.accessToken);
    expect([status, text]).toEqual([204, '']);
    expect([await me(owner.accessToken), await me(one.accessToken), await me(two.accessToken)]).toEqual([
      200, 401, 401,
    ]);
    expect((await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).status).toBe(200);
    expect(await count(h, 'devices', owner.accountId)).toBe(3);
    const [event] = await events(owner.accountId, 'sessions.signed-out');
    expect(event).toMatchObject({ session_id: owner.sessionId, detail: { which: 'others', ended: 2 } });
  });

  it('ends a sign-in that waits for its second step', async () => {
    const owner = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    const { challenge } = await signIn(h, owner.email);
    await others(owner.accessToken);
    const late = await h.post('/v1/auth/second-factor', { challenge, factor: 'recovery-code', code: recoveryCodes[0] });
    expect([late.status, late.body.code]).toEqual([401, 'invalid-challenge']);
  });

  it('changes nothing where there is nothing to end', async () => {
    const owner = await newSignedIn(h);
    expect((await others(owner.accessToken)).status).toBe(204);
    expect(await events(owner.accountId, 'sessions.signed-out')).toEqual([]);
  });

  it('V15.4.2 waits for a sign-in in flight that has the account, and ends it', async () => {
    const owner = await newSignedIn(h);
    const { rows } = await h.pool.query('select gen_random_uuid() as id');
    const now = h.clock.now();
    const sql = `with held as (select pg_advisory_xact_lock_shared(hashtextextended($2::uuid::text, 0)))
      insert into sessions (id, account_id, acr, amr, auth_time, created_at, last_seen_at, expires_at)
      select $1, $2, 'aal1', '{pwd}', $3, $3, $3, $3::timestamptz + interval '1 hour' from held`;
    const ending = await holding(h, sql, [rows[0].id, owner.accountId, now], async () => {
      const waiting = others(owner.accessToken);
      await untilWaiting(h, 1);
      return { waiting };
    });
    expect((await ending.waiting).status).toBe(204);
    expect((await list(owner.accessToken)).items).toHaveLength(1);
  });
});

describe('an owner who signs out everywhere', () => {
  it('V7.5.2 ends their own session too, and takes its cookie', async () => {
    const owner = await newSignedIn(h);
    const other = await again(owner);
    const { status, headers } = await all(owner.accessToken);
    expect(status).toBe(204);
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-holdfast-refresh=; Max-Age=0/)]);
    for (const each of [owner, other]) {
      expect(await me(each.accessToken)).toBe(401);
      expect((await h.post('/v1/auth/refresh', { refreshToken: each.refreshToken })).status).toBe(401);
    }
    const [event] = await events(owner.accountId, 'sessions.signed-out');
    expect(event).toMatchObject({ detail: { which: 'all', ended: 2 } });
    expect((await signIn(h, owner.email)).status, 'and can sign in again').toBe('signed-in');
  });

  it('is one of sixteen callers at once; the others are signed out already', async () => {
    const owner = await newSignedIn(h);
    const answers = await Promise.all(Array.from({ length: 16 }, () => all(owner.accessToken)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(15);
    expect(await events(owner.accountId, 'sessions.signed-out')).toHaveLength(1);
  });
});
