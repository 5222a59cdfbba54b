import { randomBytes, randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emailKey } from '../src/accounts/identifiers.ts';
import { newId } from '../src/crypto/ids.ts';
import { type Harness, newAgent, openHarness, PASSWORD, type TestAgent } from './support/harness.ts';
import { enrol, freezeByAgent, hostKey, newSignedIn, signIn } from './support/seed.ts';

const ACCOUNTS = 300;
const AT_ONCE = 16;
/** Freezes under way at a time. */
const AT_A_TIME = 3;
/** Every tenth owes a second factor: between its two steps there is time for a freeze. */
const STRONG_EVERY = 25;

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

type Target = {
  email: string;
  accountId: string;
  refreshToken: string;
  deviceToken: string;
  accessTokens: string[];
  codes: string[];
};

/** Accounts that share one hash, so that making them costs no hashing; each signs in for real. */
async function newTarget(hash: string): Promise<Target> {
  const now = h.clock.now();
  const accountId = newId(now);
  const email = `r${randomBytes(6).toString('hex')}@example.com`;
  await h.pool.query(
    `with account as (insert into accounts (id, email, email_confirmed_at, created_at) values ($1, $2, $4, $4)),
       identifier as (insert into identifiers (value, kind, account_id, confirmed_at) values ($3, 'email', $1, $4))
     insert into passwords (account_id, hash, set_at) values ($1, $5, $4)`,
    [accountId, email, emailKey(email), now, hash],
  );
  const { accessToken, refreshToken, deviceToken } = await signIn(h, email);
  return { email, accountId, refreshToken, deviceToken, accessTokens: [accessToken], codes: [] };
}

async function newStrongTarget(): Promise<Target> {
  const { email, accountId, accessToken, refreshToken, deviceToken } = await newSignedIn(h);
  const { recoveryCodes } = await enrol(h, accessToken);
  return { email, accountId, refreshToken, deviceToken, accessTokens: [accessToken], codes: recoveryCodes };
}

/** One attacker's press of one of the doors; whatever token comes out is remembered. */
async function tryToGetIn(target: Target): Promise<void> {
  if (randomInt(2) === 0 && target.refreshToken !== '') {
    const refreshToken = target.refreshToken;
    target.refreshToken = '';
    keep(target, (await h.post('/v1/auth/refresh', { refreshToken })).body);
    return;
  }
  // A known browser comes in by another statement than a new one.
  const answer = await signIn(h, target.email, randomInt(2) === 0 ? {} : { deviceToken: target.deviceToken });
  if (answer.status !== 'second-factor-required') return keep(target, answer);
  const { challenge } = answer;
  const input = { challenge, factor: 'recovery-code', code: target.codes.pop() ?? '000000' };
  keep(target, (await h.post('/v1/auth/second-factor', input)).body);
}

function keep(target: Target, { accessToken, refreshToken, deviceToken }: Record<string, string>): void {
  if (accessToken !== undefined) target.accessTokens.push(accessToken);
  if (refreshToken !== undefined) target.refreshToken = refreshToken;
  if (deviceToken !== undefined) target.deviceToken = deviceToken;
}

describe('freezing accounts that are being broken into', () => {
  it('V7.4.2 leaves no live session on any of three hundred, and nobody gets in after', {
    timeout: 90_000,
  }, async () => {
    const hash = await h.instance.ctx.hasher.hash(PASSWORD);
    const targets: Target[] = [];
    for (let made = 0; made < ACCOUNTS; made += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, ACCOUNTS - made) }, (_, place) =>
        (made + place) % STRONG_EVERY === 0 ? newStrongTarget() : newTarget(hash),
      );
      targets.push(...(await Promise.all(some)));
    }
    let next = 0;
    let frozen = 0;
    let tries = 0;
    let won = 0;
    const attack = async () => {
      // Around those being frozen right now, so that most tries meet a freeze in the middle.
      while (frozen < targets.length) {
        const target = targets[Math.min(Math.max(next - AT_A_TIME + randomInt(6), 0), targets.length - 1)] as Target;
        const before = target.accessTokens.length;
        await tryToGetIn(target);
        tries += 1;
        won += target.accessTokens.length - before;
      }
    };
    const contain = async () => {
      while (next < targets.length) {
        const { accountId } = targets[next++] as Target;
        expect((await freezeByAgent(h, agent, accountId)).status).toBe(201);
        frozen += 1;
      }
    };
    await Promise.all([...Array.from({ length: AT_A_TIME }, contain), ...Array.from({ length: AT_ONCE }, attack)]);
    // The race took place: some came in before their freeze, and most were in flight during one.
    expect(tries).toBeGreaterThan(ACCOUNTS / 2);
    expect(won).toBeGreaterThan(0);

    const ids = targets.map(({ accountId }) => accountId);
    const live = await h.pool.query(
      'select count(*)::int as n from sessions where account_id = any($1) and ended_at is null',
      [ids],
    );
    expect(live.rows[0].n).toBe(0);
    const known = await h.pool.query('select count(*)::int as n from devices where account_id = any($1)', [ids]);
    expect(known.rows[0].n).toBe(0);
    const token = await hostKey(h);
    for (const target of targets) {
      for (const accessToken of target.accessTokens) {
        const { text } = await h.post('/v1/server/sessions/introspect', { token: accessToken }, { token });
        expect(text).toBe('{"active":false}');
      }
      const { status } = await h.post('/v1/auth/refresh', { refreshToken: target.refreshToken || 'hf_rt_none' });
      expect(status).toBe(401);
    }
    for (const { email, codes } of targets.filter(({ codes }) => codes.length > 1)) {
      const { challenge } = await signIn(h, email);
      const input = { challenge, factor: 'recovery-code', code: codes.at(-1) };
      expect((await h.post('/v1/auth/second-factor', input)).body.code).toBe('account-held');
    }
  });
});
