import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  enrolTotp,
  type Harness,
  newAgent,
  newOwner,
  openHarness,
  PASSWORD,
  type TestAgent,
  tokenIn,
  totpCode,
} from './support/harness.ts';

const LONG = { 'limits.mailPerRecipient': 100 };

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness({ policy: LONG });
  agent = await newAgent(h);
});
afterAll(() => h.close());

const signIn = (identifier: string, more: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier, password: PASSWORD, ...more });
const page = async (accountId: string) => (await h.get(`/v1/agent/accounts/${accountId}`, agent.accessToken)).body;
const unlock = (accountId: string, body: object = { note: 'The owner called' }) =>
  h.post(`/v1/agent/accounts/${accountId}/unlock`, body, { token: agent.accessToken });
const wrong = { password: 'a wrong password' };

async function failTimes(times: number, work: () => Promise<{ status: number }>): Promise<void> {
  for (let n = 0; n < times; n++) expect((await work()).status).toBe(401);
}

describe('V6.3.1 what an agent sees of an account that somebody guesses at', () => {
  it('every door with its counter, how often it was locked and until when', async () => {
    const owner = await newOwner(h);
    await failTimes(5, () => signIn(owner.email, wrong));
    await failTimes(2, () => signIn(owner.email, { ...wrong, deviceToken: owner.deviceToken }));
    const { lockouts, credential, authenticators } = await page(owner.accountId);
    const until = new Date(h.clock.now().getTime() + 15 * 60_000).toISOString();
    const { rows } = await h.pool.query('select id from devices where account_id = $1', [owner.accountId]);
    const strangers = { factor: 'password', purpose: 'sign-in', identifier: owner.email, deviceId: null };
    expect(lockouts).toEqual([
      { ...strangers, failures: 0, locks: 1, lockedUntil: until },
      { ...strangers, identifier: null, deviceId: rows[0].id, failures: 2, locks: 0, lockedUntil: null },
    ]);
    expect(credential).toEqual({ consecutiveFailures: 7, disabledAt: null, changeRequiredAt: null });
    expect(authenticators).toEqual([]);
  });

  it('NB-T1 a password and authenticators that are disabled for good, which no unlock opens', async () => {
    const owner = await newOwner(h);
    await enrolTotp(h, owner);
    await h.pool.query('update passwords set consecutive_failures = 99 where account_id = $1', [owner.accountId]);
    await h.pool.query('update totp_factors set disabled_at = $2, stranger_failures = 100 where account_id = $1', [
      owner.accountId,
      h.clock.now(),
    ]);
    await failTimes(1, () => signIn(owner.email, wrong));
    const at = h.clock.now().toISOString();
    const disabled = {
      credential: { consecutiveFailures: 100, disabledAt: at },
      authenticators: [{ consecutiveFailures: { strangers: 100, knownDevices: 0 }, disabledAt: at }],
    };
    expect(await page(owner.accountId)).toMatchObject(disabled);
    expect((await unlock(owner.accountId)).status).toBe(204);
    expect(await page(owner.accountId)).toMatchObject(disabled);
    expect((await signIn(owner.email)).status).toBe(401);
  });
});

describe('an agent’s unlock', () => {
  it('opens the doors of strangers, of known devices and of codes, and says who did it and why', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const known = { deviceToken: owner.deviceToken };
    await failTimes(5, () => signIn(owner.email, wrong));
    const challenges = [
      await signIn(owner.email, known),
      await signIn(owner.email, known),
      await signIn(owner.email, known),
    ];
    for (let n = 0; n < 10; n++) {
      const { challenge } = challenges[Math.floor(n / 4)]?.body ?? {};
      await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code: '000000' });
    }
    await failTimes(5, () => signIn(owner.email, { ...wrong, ...known }));
    const locked = (await page(owner.accountId)).lockouts.filter((door: { lockedUntil: string }) => door.lockedUntil);
    expect(
      locked.map((door: { factor: string; deviceId: string | null }) => [door.factor, door.deviceId !== null]),
    ).toEqual([
      ['password', false],
      ['password', true],
      ['totp', true],
    ]);

    expect((await unlock(owner.accountId, {})).status, 'not without a reason').toBe(422);
    expect((await unlock(owner.accountId)).status).toBe(204);
    expect((await page(owner.accountId)).lockouts).toMatchObject([
      { identifier: owner.email, locks: 0, lockedUntil: null },
    ]);
    const { challenge } = (await signIn(owner.email, known)).body;
    const code = totpCode(secret, h.clock.now());
    expect((await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code })).status).toBe(200);
    expect((await signIn(owner.email)).body.status).toBe('second-factor-required');
    const { rows } = await h.pool.query(
      `select actor_kind, actor_id, detail from events where account_id = $1 and type = 'sign-in.unlocked'`,
      [owner.accountId],
    );
    const detail = { by: 'agent', note: 'The owner called' };
    expect(rows).toEqual([{ actor_kind: 'agent', actor_id: agent.agentId, detail }]);
  });
});

describe('lock and unlock', () => {
  it('are events with who began them, and the owner is told once', async () => {
    const owner = await newOwner(h);
    await failTimes(5, () => signIn(owner.email, wrong));
    for (let n = 0; n < 3; n++) expect((await signIn(owner.email, wrong)).status).toBe(429);
    const mails = (await h.mails(owner.email)).filter(({ text }) => text.includes('/unlock#token='));
    expect(mails).toHaveLength(1);
    const token = tokenIn(mails[0], 'unlock');
    const { deviceToken } = (await h.post('/v1/auth/link/use', { token, confirm: true })).body;
    const { rows } = await h.pool.query(
      `select type, actor_kind, detail->>'by' as by from events
       where account_id = $1 and type in ('sign-in.locked', 'sign-in.unlocked') order by id`,
      [owner.accountId],
    );
    expect(rows).toEqual([
      { type: 'sign-in.locked', actor_kind: 'anonymous', by: null },
      { type: 'sign-in.unlocked', actor_kind: 'owner', by: 'link' },
    ]);
    // The link cleared nothing, and what it gave is a counter of its own.
    expect((await page(owner.accountId)).lockouts[0]).toMatchObject({ locks: 1, lockedUntil: expect.any(String) });
    expect((await page(owner.accountId)).credential.consecutiveFailures).toBe(5);
    await failTimes(5, () => signIn(owner.email, { ...wrong, deviceToken }));
    expect((await signIn(owner.email, { deviceToken })).status).toBe(429);
    expect((await signIn(owner.email, { deviceToken: owner.deviceToken })).status).toBe(200);
  });
});
