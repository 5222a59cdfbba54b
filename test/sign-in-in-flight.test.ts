import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  enrolTotp,
  type Harness,
  newApiKey,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  tokenIn,
  totpCode,
} from './support/harness.ts';
import { untilWaiting } from './support/races.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const NEW_PASSWORD = 'another long enough sentence';
const signInAs = (owner: Owner, extra: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, ...extra });

/** Starts `first` and then `second` so that both have done what comes before the account's lock, and lets them go in that order. */
async function inOrder(owner: Owner, first: () => Promise<Answer>, second: () => Promise<Answer>): Promise<Answer[]> {
  const client = await h.pool.connect();
  try {
    await client.query('begin');
    await client.query('select from accounts where id = $1 for update', [owner.accountId]);
    const running = [first()];
    await untilWaiting(h, 1);
    running.push(second());
    await untilWaiting(h, 2);
    await client.query('commit');
    return await Promise.all(running);
  } finally {
    client.release();
  }
}

async function resetToken(owner: Owner): Promise<string> {
  h.clock.advance(1_000);
  await h.post('/v1/auth/password-reset', { identifier: owner.email });
  return tokenIn((await h.mails(owner.email))[0], 'reset');
}

async function liveSessions(owner: Owner): Promise<number> {
  const sql = 'select count(*)::int as n from sessions where account_id = $1 and ended_at is null';
  return (await h.pool.query(sql, [owner.accountId])).rows[0].n;
}

// A known browser has a way in of its own, with one statement.
describe.each([
  ['new', false],
  ['known', true],
])('a sign-in on a %s browser whose password was right a moment ago', (_what, isKnown) => {
  const signIn = (owner: Owner, extra: object = {}) =>
    signInAs(owner, { ...(isKnown && { deviceToken: owner.deviceToken }), ...extra });

  it('opens no session after a reset that came between', async () => {
    const owner = await newOwner(h);
    const token = await resetToken(owner);
    const [reset, stale] = await inOrder(
      owner,
      () => h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD }),
      () => signIn(owner),
    );
    expect(reset?.status).toBe(204);
    expect(stale?.body.code).toBe('invalid-credentials');
    expect(await liveSessions(owner)).toBe(0);
  });

  it('leaves no challenge after a reset that came between', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const token = await resetToken(owner);
    const code = totpCode(secret, h.clock.now());
    const [reset, stale] = await inOrder(
      owner,
      () => h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD, code }),
      () => signIn(owner),
    );
    expect(reset?.status).toBe(204);
    expect(stale?.body.code).toBe('invalid-credentials');
    const { rows } = await h.pool.query('select from challenges where account_id = $1', [owner.accountId]);
    expect(rows).toHaveLength(0);
  });

  it('does not get past a second factor that was enrolled meanwhile (V6.3.4)', async () => {
    const owner = await newOwner(h);
    const { body } = await h.post('/v1/me/totp', undefined, { token: owner.accessToken });
    const code = totpCode(body.secret, h.clock.now());
    const [enrolled, stale] = await inOrder(
      owner,
      () => h.post('/v1/me/totp/confirm', { code }, { token: owner.accessToken }),
      () => signIn(owner),
    );
    expect(enrolled?.status).toBe(200);
    expect(stale?.body.code).toBe('invalid-credentials');
    expect(await liveSessions(owner), 'the enrolling session alone').toBe(1);
  });

  it('opens no session in a freeze that came between (V7.4.2)', async () => {
    const owner = await newOwner(h);
    const apiKey = await newApiKey(h, ['accounts:freeze']);
    const freeze = { reasonCode: 'account-takeover', note: 'reported by phone' };
    const [frozen, stale] = await inOrder(
      owner,
      () => h.post(`/v1/server/accounts/${owner.accountId}/freeze`, freeze, { token: apiKey }),
      () => signIn(owner),
    );
    expect(frozen?.status).toBe(201);
    expect(stale?.body.code).toBe('account-held');
    expect(await liveSessions(owner)).toBe(0);
  });

  it('is not refused for a hash that was only renewed meanwhile', async () => {
    const owner = await newOwner(h);
    const [first, second] = await inOrder(
      owner,
      () => signIn(owner),
      () => signIn(owner),
    );
    expect([first?.status, second?.status]).toEqual([200, 200]);
  });

  it('and wrong ones beside it never wait for each other for ever', async () => {
    const owner = await newOwner(h);
    for (let round = 0; round < 15; round++) {
      const deviceToken = owner.deviceToken;
      const tries = [PASSWORD, 'wrong password one', PASSWORD, 'wrong password two'].map((password) =>
        signIn(owner, { password, deviceToken }),
      );
      const answers = await Promise.all(tries);
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    }
  });
});
