import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, newOwner, openHarness, PASSWORD } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const [GRACE, MINUTE] = [5_000, 60_000];
const refresh = (refreshToken: string) => h.post('/v1/auth/refresh', { refreshToken });
const me = async (token: string) => (await h.get('/v1/me', token)).status;
const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const generationOf = async (id: string) =>
  (await h.pool.query('select refresh_generation as n from sessions where id = $1', [id])).rows[0].n;
const reuses = async (accountId: string) =>
  (
    await h.pool.query(
      `select e.session_id, s.end_reason from events e join sessions s on s.id = e.session_id
       where e.account_id = $1 and e.type = 'refresh.reused'`,
      [accountId],
    )
  ).rows;

describe('a refresh token', () => {
  it('trades once for its successor; who signed in, when and how stays (HT-S2)', async () => {
    const owner = await newOwner(h);
    h.clock.advance(4 * 60_000);
    const { status, body } = await refresh(owner.refreshToken);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['accessToken', 'expiresIn', 'refreshToken']);
    expect(body.refreshToken).not.toBe(owner.refreshToken);
    const [before, after] = [claims(owner.accessToken), claims(body.accessToken)];
    for (const name of ['sub', 'sid', 'auth_time', 'acr', 'amr', 'iss', 'aud'])
      expect(after[name]).toEqual(before[name]);
    expect(after.jti).not.toBe(before.jti);
    expect(after.iat).toBe(before.iat + 240);
    expect(await me(body.accessToken)).toBe(200);
  });

  it('V10.4.5 V15.4.2 gives sixteen callers at once one and the same successor, which works on', async () => {
    const owner = await newOwner(h);
    const answers = await Promise.all(Array.from({ length: 16 }, () => refresh(owner.refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    const successors = new Set(answers.map(({ body }) => body.refreshToken));
    expect(successors.size).toBe(1);
    expect(await generationOf(owner.sessionId)).toBe(1);
    for (const { body } of answers) expect(await me(body.accessToken)).toBe(200);
    h.clock.advance(MINUTE);
    expect((await refresh([...successors][0] as string)).status, 'the successor').toBe(200);
    expect(await reuses(owner.accountId)).toEqual([]);
  });

  it('HT-F1 V10.4.5 NB-S7 ends the session when it is used again, as one event and one mail', async () => {
    const owner = await newOwner(h);
    const other = (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD })).body;
    const second = (await refresh(owner.refreshToken)).body;
    const third = (await refresh(second.refreshToken)).body;
    expect((await refresh(owner.refreshToken)).body.code).toBe('invalid-refresh-token');
    expect(await me(third.accessToken)).toBe(401);
    expect(await me(other.accessToken), 'another session').toBe(200);
    for (const { refreshToken } of [owner, second, third]) expect((await refresh(refreshToken)).status).toBe(401);
    expect(await reuses(owner.accountId)).toEqual([{ session_id: owner.sessionId, end_reason: 'refresh-reused' }]);
    const subjects = (await h.mails(owner.email)).filter(({ text }) => text.includes('used the same session'));
    expect(subjects).toHaveLength(1);
    expect(subjects[0]?.text).toMatch(/\/freeze#token=/);
  });

  it('is refused alike when unknown, used and of an ended session', async () => {
    const [owner, out] = [await newOwner(h), await newOwner(h)];
    await h.post('/v1/auth/sign-out', undefined, { token: out.accessToken });
    await refresh(owner.refreshToken);
    h.clock.advance(GRACE);
    const answers = [
      await refresh('hf_rt_nobody-was-ever-given-this-one'),
      await refresh(out.refreshToken),
      await refresh(owner.refreshToken),
      await h.post('/v1/auth/refresh', {}),
    ];
    const shown = answers.map(({ status, body }) => ({ status, body: { ...body, requestId: '' } }));
    expect(new Set(shown.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(shown[0]).toMatchObject({ status: 401, body: { code: 'invalid-refresh-token' } });
  });

  it('V7.2.3 V11.5.1 NB-S2 has 256 bits that stand nowhere, and none can be made of what the database holds', async () => {
    const [owner, other] = [await newOwner(h), await newOwner(h)];
    const bytes = Buffer.from(owner.refreshToken.replace('hf_rt_', ''), 'base64url');
    expect(bytes).toHaveLength(52);
    const { rows } = await h.pool.query('select * from sessions where id = $1', [owner.sessionId]);
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(JSON.stringify(rows)).not.toContain(bytes.subarray(20).toString(encoding));
    const theirs = Buffer.from(other.refreshToken.replace('hf_rt_', ''), 'base64url');
    const forged = [
      Buffer.concat([bytes.subarray(0, 20), theirs.subarray(20)]),
      Buffer.concat([bytes.subarray(0, 19), Buffer.from([1]), bytes.subarray(20)]),
      bytes.subarray(0, 51),
    ].map((some) => `hf_rt_${some.toString('base64url')}`);
    for (const token of [...forged, owner.deviceToken, owner.deviceToken.replace('hf_dt_', 'hf_rt_')])
      expect((await refresh(token)).body.code).toBe('invalid-refresh-token');
    expect((await refresh(owner.refreshToken)).status, 'and none of that ended the session').toBe(200);
  });
});

describe('a refresh whose answer got lost', () => {
  it('has the same successor again, with an access token of its own, and writes nothing', async () => {
    const owner = await newOwner(h);
    const lost = (await refresh(owner.refreshToken)).body;
    const before = await rowOf(owner.sessionId);
    h.clock.advance(GRACE - 1);
    const again = (await refresh(owner.refreshToken)).body;
    expect(again.refreshToken).toBe(lost.refreshToken);
    expect(again.accessToken).not.toBe(lost.accessToken);
    expect(claims(again.accessToken).iat).toBe(Math.floor(h.clock.now().getTime() / 1000));
    expect([await me(lost.accessToken), await me(again.accessToken)]).toEqual([200, 200]);
    expect(await rowOf(owner.sessionId)).toEqual(before);
    expect(await reuses(owner.accountId)).toEqual([]);
    h.clock.advance(MINUTE);
    expect((await refresh(again.refreshToken)).status, 'and the successor works on').toBe(200);
  });

  it('RFC 9700 4.14.2 is a reuse once the grace is over, to the millisecond', async () => {
    const owner = await newOwner(h);
    const first = (await refresh(owner.refreshToken)).body;
    h.clock.advance(GRACE);
    expect((await refresh(owner.refreshToken)).body.code).toBe('invalid-refresh-token');
    expect(await me(first.accessToken)).toBe(401);
    expect(await reuses(owner.accountId)).toHaveLength(1);
  });

  it('does not stretch the grace by asking again', async () => {
    const owner = await newOwner(h);
    await refresh(owner.refreshToken);
    for (const [wait, expected] of [
      [3_000, 200],
      [1_999, 200],
      [1, 401],
    ] as const) {
      h.clock.advance(wait);
      expect((await refresh(owner.refreshToken)).status).toBe(expected);
    }
  });

  it('keeps apart from a freeze, a sign-out and the idle limit: within the grace they refuse it too', async () => {
    const [frozen, out, idle] = [await newOwner(h), await newOwner(h), await newOwner(h)];
    for (const { refreshToken } of [frozen, out]) await refresh(refreshToken);
    await h.post('/v1/me/freeze', {}, { token: frozen.accessToken });
    await h.post('/v1/auth/sign-out', undefined, { token: out.accessToken });
    h.clock.advance(60 * MINUTE - 2);
    expect((await refresh(idle.refreshToken)).status).toBe(200);
    h.clock.advance(2);
    for (const { refreshToken } of [frozen, out, idle])
      expect((await refresh(refreshToken)).body.code).toBe('invalid-refresh-token');
    expect(await reuses(idle.accountId), 'idle is no reuse').toEqual([]);
  });

  const rowOf = async (id: string) => (await h.pool.query('select * from sessions where id = $1', [id])).rows[0];
});

describe('without a grace (session.refreshGrace: 0)', () => {
  let strict: Harness;
  beforeAll(async () => {
    strict = await openHarness({ policy: { 'session.refreshGrace': 0 } });
  });
  afterAll(() => strict.close());

  it('V10.4.5 one of sixteen callers wins, and the session ends', async () => {
    const owner = await newOwner(strict);
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => strict.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'invalid-refresh-token')).toHaveLength(15);
    expect((await strict.get('/v1/me', won[0]?.body.accessToken)).status).toBe(401);
    expect((await strict.get('/v1/me', owner.accessToken)).status).toBe(401);
  });
});

describe('an agent’s refresh token', () => {
  const refreshAgent = (refreshToken: string) => h.post('/v1/agent/auth/refresh', { refreshToken });
  const cases = async (token: string) => (await h.get('/v1/agent/cases', token)).status;

  it('gives sixteen callers at once one and the same successor, which works on', async () => {
    const agent = await newAgent(h);
    const answers = await Promise.all(Array.from({ length: 16 }, () => refreshAgent(agent.refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    const [successor, ...others] = new Set(answers.map(({ body }) => body.refreshToken));
    expect(others).toEqual([]);
    h.clock.advance(MINUTE);
    const { status, body } = await refreshAgent(successor);
    expect([status, await cases(body.accessToken)]).toEqual([200, 200]);
  });

  it.each([
    ['just within the grace', GRACE - 1, 200],
    ['once the grace is over', GRACE, 401],
  ])('HT-F1 used again %s has the same successor or ends the session', async (_when, later, expected) => {
    const agent = await newAgent(h);
    const first = (await refreshAgent(agent.refreshToken)).body;
    h.clock.advance(later);
    const { status, body } = await refreshAgent(agent.refreshToken);
    expect(status).toBe(expected);
    if (status === 200) expect(body.refreshToken).toBe(first.refreshToken);
    expect(await cases(first.accessToken)).toBe(expected);
    const { rows } = await h.pool.query(`select detail from events where actor_id = $1 and type = 'session.ended'`, [
      agent.agentId,
    ]);
    expect(rows).toEqual(expected === 200 ? [] : [{ detail: { reason: 'refresh-reused' } }]);
  });

  it('V8.4.2 is no good after 15 idle minutes', async () => {
    const agent = await newAgent(h);
    h.clock.advance(14 * 60_000);
    const fresh = (await refreshAgent(agent.refreshToken)).body;
    expect(await cases(fresh.accessToken)).toBe(200);
    h.clock.advance(15 * 60_000);
    expect((await refreshAgent(fresh.refreshToken)).status).toBe(401);
  });

  it('V8.3.2 is no good once the agent is disabled, nor is the access token', async () => {
    const agent = await newAgent(h);
    await h.pool.query('update agents set disabled_at = $2 where id = $1', [agent.agentId, h.clock.now()]);
    expect(await cases(agent.accessToken)).toBe(401);
    expect((await refreshAgent(agent.refreshToken)).status).toBe(401);
  });
});
