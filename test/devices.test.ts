import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness } from './support/harness.ts';
import { count, enrol, newSignedIn, signIn } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const MINUTE = 60_000;
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
const me = async (token: string) => (await h.get('/v1/me', token)).status;
const list = async (token: string, query = '') => (await h.get(`/v1/me/devices${query}`, token)).body;
const remove = (token: string, id: string) => h.call('DELETE', `/v1/me/devices/${id}`, { token });
const deviceOf = async (sessionId: string) =>
  (await h.pool.query('select device_id from sessions where id = $1', [sessionId])).rows[0].device_id as string;

describe('the devices an account is known by', () => {
  it('V7.5.2 are shown with name, address and last use, newest first; the caller’s own is marked', async () => {
    const first = await newSignedIn(h);
    const madeAt = h.clock.now();
    h.clock.advance(MINUTE);
    const phone = await signIn(h, first.email, {}, { ip: '198.51.100.9', headers: { 'user-agent': SAFARI } });
    h.clock.advance(3 * MINUTE);
    const { items, nextCursor } = await list(first.accessToken);
    expect(nextCursor).toBeNull();
    expect(items).toEqual([
      {
        id: await deviceOf(phone.sessionId),
        current: false,
        name: 'Safari on iOS',
        browser: 'Safari',
        os: 'iOS',
        createdAt: new Date(madeAt.getTime() + MINUTE).toISOString(),
        lastSeenAt: new Date(madeAt.getTime() + MINUTE).toISOString(),
        ip: '198.51.100.9',
        place: null,
      },
      expect.objectContaining({
        id: await deviceOf(first.sessionId),
        current: true,
        createdAt: madeAt.toISOString(),
        // By what was done in its session, not by its sign-in alone.
        lastSeenAt: h.clock.now().toISOString(),
      }),
    ]);
  });

  it('come page by page', async () => {
    const owner = await newSignedIn(h);
    for (let n = 0; n < 2; n++) await signIn(h, owner.email);
    const first = await list(owner.accessToken, '?limit=2');
    const rest = await list(owner.accessToken, `?limit=2&cursor=${first.nextCursor}`);
    const ids = [...first.items, ...rest.items].map(({ id }: { id: string }) => id);
    expect([first.items.length, new Set(ids).size, rest.nextCursor]).toEqual([2, 3, null]);
    expect(ids).toEqual(ids.toSorted().reverse());
  });
});

describe('a device the owner removes', () => {
  it('V6.5.6 V7.5.2 is a stranger at once, and all its sessions end; others go on', async () => {
    const owner = await newSignedIn(h);
    const phone = await signIn(h, owner.email);
    const onPhone = await signIn(h, owner.email, { deviceToken: phone.deviceToken });
    const id = await deviceOf(phone.sessionId);
    const { status, text } = await remove(owner.accessToken, id);
    expect([status, text]).toEqual([204, '']);
    expect([await me(phone.accessToken), await me(onPhone.accessToken), await me(owner.accessToken)]).toEqual([
      401, 401, 200,
    ]);
    expect((await h.post('/v1/auth/refresh', { refreshToken: onPhone.refreshToken })).status).toBe(401);
    const { rows } = await h.pool.query(
      `select actor_id, session_id, device_id, detail from events where account_id = $1 and type = 'device.removed'`,
      [owner.accountId],
    );
    expect(rows).toEqual([
      { actor_id: owner.accountId, session_id: owner.sessionId, device_id: id, detail: { endedSessions: 2 } },
    ]);
    await signIn(h, owner.email, { deviceToken: onPhone.deviceToken });
    expect(await count(h, 'events', owner.accountId, `type = 'device.added'`), 'its token names nobody').toBe(2);
  });

  it('ends the sign-in it has half done', async () => {
    const owner = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    const phone = await signIn(h, owner.email, { code: recoveryCodes[0] });
    const { challenge } = await signIn(h, owner.email, { deviceToken: phone.deviceToken });
    const elsewhere = await signIn(h, owner.email);
    await remove(owner.accessToken, await deviceOf(phone.sessionId));
    const answer = (of: string, code: string | undefined) =>
      h.post('/v1/auth/second-factor', { challenge: of, factor: 'recovery-code', code });
    expect((await answer(challenge, recoveryCodes[1])).body.code).toBe('invalid-challenge');
    expect((await answer(elsewhere.challenge, recoveryCodes[1])).status).toBe(200);
  });

  it('takes the cookies where it is this one', async () => {
    const owner = await newSignedIn(h);
    const { status, headers } = await remove(owner.accessToken, await deviceOf(owner.sessionId));
    expect(status).toBe(204);
    expect(headers.getSetCookie().map((cookie) => cookie.split('; ').slice(0, 2))).toEqual([
      ['__Host-holdfast-refresh=', 'Max-Age=0'],
      ['__Host-holdfast-device=', 'Max-Age=0'],
    ]);
    expect(await me(owner.accessToken)).toBe(401);
  });

  it('V8.2.2 is 404 for another account’s, an unknown and a removed one', async () => {
    const [owner, other] = [await newSignedIn(h), await newSignedIn(h)];
    const phone = await signIn(h, owner.email);
    const gone = await deviceOf(phone.sessionId);
    await remove(owner.accessToken, gone);
    for (const id of [await deviceOf(other.sessionId), other.accountId, gone]) {
      const { status, body } = await remove(owner.accessToken, id);
      expect([status, body.code]).toEqual([404, 'not-found']);
    }
    expect(await me(other.accessToken)).toBe(200);
    expect(await count(h, 'devices', other.accountId)).toBe(1);
  });

  it('is removed once among sixteen callers at once', async () => {
    const owner = await newSignedIn(h);
    const id = await deviceOf((await signIn(h, owner.email)).sessionId);
    const answers = await Promise.all(Array.from({ length: 16 }, () => remove(owner.accessToken, id)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(15);
    expect(await count(h, 'events', owner.accountId, `type = 'device.removed'`)).toBe(1);
  });

  it('V7.5.2 asks for a fresh sign-in', async () => {
    const owner = await newSignedIn(h);
    const id = await deviceOf((await signIn(h, owner.email)).sessionId);
    h.clock.advance(15 * MINUTE + 1);
    const { accessToken } = (await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body;
    const { status, body } = await remove(accessToken, id);
    expect([status, body.code]).toEqual([401, 'insufficient-authentication']);
    expect(await count(h, 'devices', owner.accountId)).toBe(2);
  });
});

describe('an agent', () => {
  it('sees the devices on the account’s page', async () => {
    const owner = await newSignedIn(h);
    await signIn(h, owner.email, {}, { headers: { 'user-agent': SAFARI } });
    const agent = await newAgent(h);
    const { body } = await h.get(`/v1/agent/accounts/${owner.accountId}`, agent.accessToken);
    expect(body.devices.map(({ device }: { device: string | null }) => device)).toEqual([SAFARI, null]);
    expect(body.devices[0].id).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.sessions).toHaveLength(2);
  });
});
