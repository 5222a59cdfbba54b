import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { counterKey } from '../src/lockout/attempts.ts';
import {
  type Answer,
  type Harness,
  newOwner,
  openHarness,
  PASSWORD,
  someAddress,
  someEmail,
  tokenIn,
} from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.signInPerIp': 1_000, 'passwords.argon2id': 'm=19456,t=2,p=1' } });
});
afterAll(() => h.close());

const MINUTE = 60_000;
const signIn = (identifier: string, password = PASSWORD, call: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier, password }, call);

async function failTimes(identifier: string, times: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let n = 0; n < times; n++) answers.push(await signIn(identifier, 'a wrong password'));
  return answers;
}

const statuses = (answers: Answer[]) => answers.map(({ status }) => status);
const count = async (sql: string, ...values: unknown[]) => (await h.pool.query(sql, values)).rows[0].n as number;
const lockEvents = (accountId: string) =>
  count(`select count(*)::int as n from events where account_id = $1 and type = 'sign-in.locked'`, accountId);

describe('V6.3.1 five failures in a row', () => {
  it('PS-4.3b DC-5 close the door for 15 minutes, to the right password too', async () => {
    const owner = await newOwner(h);
    expect(statuses(await failTimes(owner.email, 5))).toEqual([401, 401, 401, 401, 401]);
    const refused = await signIn(owner.email);
    expect([refused.status, refused.body.code]).toEqual([429, 'too-many-attempts']);
    expect(refused.headers.get('retry-after')).toBe('900');
    expect(refused.headers.get('cache-control')).toBe('no-store');
    h.clock.advance(15 * MINUTE - 1);
    expect((await signIn(owner.email)).headers.get('retry-after')).toBe('1');
    h.clock.advance(1);
    expect((await signIn(owner.email)).status).toBe(200);
  });

  it.each([
    ['one address', () => '203.0.113.7'],
    ['as many addresses', someAddress],
  ])('DC-6 are all that fifty parallel guesses from %s get', async (_from, addressOf) => {
    const owner = await newOwner(h);
    const guesses = Array.from({ length: 50 }, (_, n) => signIn(owner.email, `guess ${n}`, { ip: addressOf() }));
    const got = statuses(await Promise.all(guesses));
    expect(got.filter((status) => status === 401)).toHaveLength(5);
    expect(got.filter((status) => status === 429)).toHaveLength(45);
    expect((await signIn(owner.email)).headers.get('retry-after')).toBe('900');
    const judged = `select count(*)::int as n from events where account_id = $1 and type = 'sign-in.failed'`;
    expect(await count(judged, owner.accountId)).toBe(5);
    expect(await lockEvents(owner.accountId)).toBe(1);
  });

  it('OW-AU1 count over addresses, and over every way to write the identifier', async () => {
    const owner = await newOwner(h);
    for (const identifier of [owner.email, owner.email.toUpperCase(), ` ${owner.email}`, `${owner.email} `]) {
      await signIn(identifier, 'a wrong password');
    }
    await signIn(owner.email, 'a wrong password');
    expect((await signIn(owner.email)).status).toBe(429);
  });

  it('are forgotten after a success, and after a day of quiet', async () => {
    const owner = await newOwner(h);
    await failTimes(owner.email, 4);
    expect((await signIn(owner.email)).status).toBe(200);
    await failTimes(owner.email, 4);
    h.clock.advance(24 * 60 * MINUTE + 1);
    await failTimes(owner.email, 4);
    expect((await signIn(owner.email)).status).toBe(200);
    await failTimes(owner.email, 4);
    h.clock.advance(23 * 60 * MINUTE);
    await failTimes(owner.email, 1);
    expect((await signIn(owner.email)).status, 'not after less').toBe(429);
  });

  it('DC-9 V6.3.8 look the same for an identifier nobody has, and leave no event of it', async () => {
    const owner = await newOwner(h);
    const unknown = someEmail();
    await failTimes(owner.email, 5);
    const before = await count('select count(*)::int as n from events');
    await failTimes(unknown, 5);
    const [ours, nobodys] = [await signIn(owner.email), await signIn(unknown)];
    expect(await count('select count(*)::int as n from events')).toBe(before);
    const shown = ({ status, body, headers }: Answer) => ({
      status,
      body: JSON.stringify({ ...body, requestId: 'x' }),
      headers: [...headers].filter(([name]) => !['x-request-id', 'date'].includes(name)),
    });
    expect(shown(nobodys)).toEqual(shown(ours));
    const names = new Map(ours.headers);
    expect(names.get('retry-after')).toBe('900');
  });

  it('leave nothing of the identifier but 16 bytes of a keyed hash', async () => {
    const unknown = someEmail();
    await signIn(unknown);
    const key = counterKey(h.instance.ctx, 'identifier', unknown);
    const { rows } = await h.pool.query('select * from attempt_counters where key = $1', [key]);
    expect(rows).toHaveLength(1);
    expect(key).toHaveLength(16);
    expect(JSON.stringify(rows)).not.toContain(unknown);
  });
});

describe('attempts under way', () => {
  it('never lock when they are right: at most they wait a second', async () => {
    const owner = await newOwner(h);
    const answers = await Promise.all(Array.from({ length: 24 }, () => signIn(owner.email)));
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    const busy = answers.filter(({ status }) => status !== 200);
    expect(busy.length, 'more at once than five places').toBeGreaterThan(0);
    for (const { status, headers } of busy) expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    expect((await signIn(owner.email)).status).toBe(200);
    expect(await lockEvents(owner.accountId)).toBe(0);
  });

  it('count as failures 30 seconds after they were lost in a crash, and not before', async () => {
    const owner = await newOwner(h);
    const key = counterKey(h.instance.ctx, 'identifier', owner.email);
    const places = Array.from({ length: 5 }, () => h.clock.now());
    await h.pool.query('update attempt_counters set in_flight = $2 where key = $1', [key, places]);
    expect((await signIn(owner.email)).headers.get('retry-after')).toBe('1');
    h.clock.advance(29_999);
    expect((await signIn(owner.email)).headers.get('retry-after')).toBe('1');
    h.clock.advance(1);
    expect((await signIn(owner.email)).headers.get('retry-after')).toBe('900');
  });

  it('are no failures when there was nobody to check them', async () => {
    const owner = await newOwner(h);
    const isOurs = (n: number) => n > 200 && n % 5 === 0;
    const flood = Array.from({ length: 350 }, (_, n) =>
      isOurs(n) ? signIn(owner.email) : signIn(someEmail(), 'a wrong password'),
    );
    const ours = (await Promise.all(flood)).filter((_, n) => isOurs(n));
    expect(ours.filter(({ body }) => body.code === 'busy').length).toBeGreaterThan(5);
    h.clock.advance(31_000);
    expect((await signIn(owner.email)).status).toBe(200);
    expect(await lockEvents(owner.accountId)).toBe(0);
  });
});

describe('the mail about a lock', () => {
  async function lockedOwner() {
    const owner = await newOwner(h);
    await failTimes(owner.email, 5);
    const [mail] = await h.mails(owner.email);
    return { owner, mail, unlock: tokenIn(mail, 'unlock'), freeze: tokenIn(mail, 'freeze') };
  }

  it('V6.3.5 is sent once, and carries a link that lets this browser in and one that freezes', async () => {
    const { owner, freeze } = await lockedOwner();
    for (let n = 0; n < 3; n++) await signIn(owner.email);
    const subjects = (await h.mails(owner.email)).map(({ subject }) => subject);
    expect(
      subjects.filter((subject) => /sign-in|sign in/i.test(subject)),
      subjects.join(),
    ).toHaveLength(1);
    const pressed = await h.post('/v1/auth/link/use', { token: freeze, confirm: true });
    expect(pressed.body.hold).toMatchObject({ scope: 'all', reasonCode: 'account-takeover' });
  });

  it('DC-7 makes the browser known by its link, once, and leaves the strangers’ counter', async () => {
    const { owner, unlock } = await lockedOwner();
    const seen = await h.post('/v1/auth/link', { token: unlock });
    expect(seen.body).toMatchObject({ purpose: 'unlock-sign-in', event: { type: 'sign-in.locked' } });
    expect((await signIn(owner.email)).status, 'looking changes nothing').toBe(429);
    const { body } = await h.post('/v1/auth/link/use', { token: unlock, confirm: true });
    const known = { identifier: owner.email, password: PASSWORD, deviceToken: body.deviceToken };
    expect((await signIn(owner.email)).status, 'strangers still wait').toBe(429);
    expect((await h.post('/v1/auth/sign-in', known)).status).toBe(200);
    expect((await h.post('/v1/auth/link/use', { token: unlock, confirm: true })).body.code).toBe('invalid-token');
  });

  it('OW-AU2 leaves the reset open, which opens the lock', async () => {
    const { owner } = await lockedOwner();
    expect((await h.post('/v1/auth/password-reset', { identifier: owner.email })).status).toBe(202);
    const token = tokenIn((await h.mails(owner.email))[0], 'reset');
    const newPassword = 'another long enough sentence';
    expect((await signIn(owner.email)).status).toBe(429);
    expect((await h.post('/v1/auth/password-reset/confirm', { token, newPassword })).status).toBe(204);
    expect((await signIn(owner.email, newPassword)).status).toBe(200);
  });
});
