import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../src/crypto/ids.ts';
import { type Harness, newAgent, newApiKey, openHarness } from './support/harness.ts';
import { holding, untilWaiting } from './support/races.ts';
import { hostKey, newSignedIn, type SignedIn, signIn } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const MINUTE = 60_000;
const seen = async (sessionIds: string[], headers: Record<string, string> = {}) =>
  await h.post('/v1/server/sessions/seen', { sessionIds }, { token: await hostKey(h), headers });
const me = async (token: string) => (await h.get('/v1/me', token)).status;
const refresh = (refreshToken: string) => h.post('/v1/auth/refresh', { refreshToken });
const lastSeen = async (id: string): Promise<Date> =>
  (await h.pool.query('select last_seen_at from sessions where id = $1', [id])).rows[0].last_seen_at;

describe('activity that offline verifiers report', () => {
  it('V7.3.1 keeps an active user signed in who never calls here, until the absolute limit (V7.3.2)', async () => {
    const owner = await newSignedIn(h);
    let { refreshToken } = owner;
    for (let minutes = 40; minutes < 720; minutes += 40) {
      h.clock.advance(40 * MINUTE);
      expect((await seen([owner.sessionId])).status).toBe(202);
      const fresh = await refresh(refreshToken);
      expect(fresh.status, `${minutes} minutes`).toBe(200);
      refreshToken = fresh.body.refreshToken;
    }
    h.clock.advance(40 * MINUTE);
    await seen([owner.sessionId]);
    expect((await refresh(refreshToken)).status, 'twelve hours').toBe(401);
  });

  it('is told of a thousand sessions in one call, of the past minute once, and of any number of unknown ones', async () => {
    const owners = await Promise.all(Array.from({ length: 3 }, () => newSignedIn(h)));
    const unknown = Array.from({ length: 997 }, () => newId(h.clock.now()));
    const ids = [...owners.map(({ sessionId }) => sessionId), ...unknown];
    const start = await lastSeen(owners[0]?.sessionId as string);
    h.clock.advance(MINUTE - 1);
    const { status, body } = await seen(ids);
    expect([status, body]).toEqual([202, {}]);
    expect(await lastSeen(owners[0]?.sessionId as string), 'at 59.999 s').toEqual(start);
    h.clock.advance(1);
    await seen(ids);
    for (const { sessionId } of owners) expect(await lastSeen(sessionId)).toEqual(h.clock.now());
    expect((await seen([...ids, newId(h.clock.now())])).status).toBe(422);
    expect((await seen([])).status).toBe(422);
    expect((await seen(['no-id'])).body.errors[0].pointer).toBe('/sessionIds/0');
  });

  it('V7.3.1 revives no session that is idle, to the millisecond', async () => {
    const [early, late] = [await newSignedIn(h), await newSignedIn(h)];
    h.clock.advance(60 * MINUTE - 1);
    await seen([early.sessionId]);
    h.clock.advance(1);
    await seen([late.sessionId]);
    expect((await refresh(early.refreshToken)).status).toBe(200);
    expect((await refresh(late.refreshToken)).status).toBe(401);
  });

  it('V7.4.1 changes nothing of sessions that ended, of closed accounts, or of agents', async () => {
    const [out, closed] = [await newSignedIn(h), await newSignedIn(h)];
    const agent = await newAgent(h);
    await h.post('/v1/auth/sign-out', undefined, { token: out.accessToken });
    await h.pool.query('update accounts set closed_at = $2 where id = $1', [closed.accountId, h.clock.now()]);
    const agents = await h.pool.query('select id from sessions where agent_id = $1', [agent.agentId]);
    const ids = [out.sessionId, closed.sessionId, agents.rows[0].id];
    const before = await Promise.all(ids.map(lastSeen));
    h.clock.advance(2 * MINUTE);
    await seen(ids);
    expect(await Promise.all(ids.map(lastSeen))).toEqual(before);
    expect(await me(out.accessToken)).toBe(401);
  });

  it('never moves the time back', async () => {
    const owner = await newSignedIn(h);
    const ahead = new Date(h.clock.now().getTime() + 5 * MINUTE);
    await h.pool.query('update sessions set last_seen_at = $2 where id = $1', [owner.sessionId, ahead]);
    h.clock.advance(2 * MINUTE);
    await seen([owner.sessionId]);
    expect(await lastSeen(owner.sessionId)).toEqual(ahead);
  });

  it('is the same however often and by however many it is told', async () => {
    const owners = await Promise.all(Array.from({ length: 8 }, () => newSignedIn(h)));
    const ids = owners.map(({ sessionId }) => sessionId);
    h.clock.advance(2 * MINUTE);
    const reports = Array.from({ length: 16 }, (_, n) => seen(n % 2 === 0 ? ids : ids.toReversed()));
    expect((await Promise.all(reports)).map(({ status }) => status)).toEqual(Array(16).fill(202));
    for (const id of ids) expect(await lastSeen(id)).toEqual(h.clock.now());
    const key = { 'idempotency-key': 'a-report' };
    expect((await seen(ids, key)).status).toBe(202);
    const again = await seen(ids, key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
  });

  it('V15.4.3 waits for nobody: a freeze that holds the sessions meanwhile goes on, and ends them', async () => {
    const owner = await newSignedIn(h);
    const second: SignedIn = { ...owner, ...(await signIn(h, owner.email)) };
    const bystander = await newSignedIn(h);
    h.clock.advance(2 * MINUTE);
    // The freeze has ended the sessions and waits to void the links; a report comes.
    const freezing = await holding(h, 'lock table links in exclusive mode', [], async () => {
      const waiting = h.post('/v1/me/freeze', {}, { token: owner.accessToken });
      await untilWaiting(h, 1);
      const locked =
        'select count(*)::int as n from (select from sessions where account_id = $1 for update skip locked) as free';
      expect((await h.pool.query(locked, [owner.accountId])).rows[0].n, 'all its sessions are taken').toBe(0);
      const ids = [second.sessionId, bystander.sessionId, owner.sessionId];
      expect((await seen(ids)).status, 'at once').toBe(202);
      expect(await lastSeen(bystander.sessionId)).toEqual(h.clock.now());
      return { waiting };
    });
    expect((await freezing.waiting).status).toBe(201);
    expect([await me(owner.accessToken), await me(second.accessToken)]).toEqual([401, 401]);
  });

  it('V8.2.1 takes the scope sessions:read', async () => {
    const owner = await newSignedIn(h);
    const token = await newApiKey(h, ['accounts:read']);
    const { status, body } = await h.post('/v1/server/sessions/seen', { sessionIds: [owner.sessionId] }, { token });
    expect([status, body.code]).toEqual([403, 'forbidden']);
    expect((await h.post('/v1/server/sessions/seen', {}, { token: owner.accessToken })).status).toBe(401);
  });
});
