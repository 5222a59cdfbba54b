import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enrolTotp, type Harness, newOwner, openHarness, PASSWORD, totpCode } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const signIn = (identifier: string, deviceToken?: string, password = PASSWORD) =>
  h.post('/v1/auth/sign-in', { identifier, password, ...(deviceToken ? { deviceToken } : {}) });

async function fail(identifier: string, times: number, deviceToken?: string): Promise<void> {
  for (let n = 0; n < times; n++) expect((await signIn(identifier, deviceToken, 'a wrong one')).status).toBe(401);
}

const flipped = (token: string) => token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');

describe('V6.1.1 V6.3.1 the counter of strangers and those of known devices', () => {
  it('DC-1 strangers who lock an account do not lock its owner out', async () => {
    const owner = await newOwner(h);
    await fail(owner.email, 5);
    expect((await signIn(owner.email)).status).toBe(429);
    const known = await signIn(owner.email, owner.deviceToken);
    expect(known.status).toBe(200);
    expect((await signIn(owner.email)).status, 'a success on a known device says nothing of strangers').toBe(429);
  });

  it('DC-2 a known device that fails locks itself alone', async () => {
    const owner = await newOwner(h);
    const second = (await signIn(owner.email)).body.deviceToken;
    await fail(owner.email, 5, owner.deviceToken);
    expect((await signIn(owner.email, owner.deviceToken)).status).toBe(429);
    expect((await signIn(owner.email, second)).status).toBe(200);
    expect((await signIn(owner.email)).status).toBe(200);
    h.clock.advance(15 * 60_000);
    expect((await signIn(owner.email, owner.deviceToken)).status).toBe(200);
  });

  it('DC-3 a token of somebody else, or with one bit changed, is a stranger’s', async () => {
    const [owner, other] = [await newOwner(h), await newOwner(h)];
    await fail(owner.email, 5);
    for (const token of [other.deviceToken, flipped(owner.deviceToken), 'hf_dt_made-up-by-a-stranger']) {
      expect((await signIn(owner.email, token)).status, token).toBe(429);
    }
    await fail(other.email, 4, owner.deviceToken);
    await fail(other.email, 1);
    expect((await signIn(other.email)).status, 'its failures count as a stranger’s too').toBe(429);
  });

  it('DC-4 a success starts the device’s count afresh', async () => {
    const owner = await newOwner(h);
    await fail(owner.email, 4, owner.deviceToken);
    const { deviceToken } = (await signIn(owner.email, owner.deviceToken)).body;
    await fail(owner.email, 4, deviceToken);
    expect((await signIn(owner.email, deviceToken)).status).toBe(200);
  });

  it('DC-8 a device token opens no other door', async () => {
    const owner = await newOwner(h);
    expect((await h.get('/v1/me', owner.deviceToken)).status).toBe(401);
    expect((await h.post('/v1/auth/refresh', { refreshToken: owner.deviceToken })).status).toBe(401);
    expect((await signIn(owner.email, owner.accessToken.slice(0, 500))).status, 'nor a token that one').toBe(200);
  });

  it('a device that is forgotten counts as a stranger again', async () => {
    const owner = await newOwner(h);
    await fail(owner.email, 5);
    await h.pool.query('delete from devices where account_id = $1', [owner.accountId]);
    expect((await signIn(owner.email, owner.deviceToken)).status).toBe(429);
  });
});

describe('an account with a second factor', () => {
  it('NB-T3 keeps its count of failures when the password alone is right', async () => {
    const owner = await newOwner(h);
    await enrolTotp(h, owner);
    await fail(owner.email, 4);
    for (let n = 0; n < 3; n++) expect((await signIn(owner.email)).body.status).toBe('second-factor-required');
    await fail(owner.email, 1);
    expect((await signIn(owner.email)).status).toBe(429);
  });

  it('NB-T3 forgets it when password and factor are right', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    await fail(owner.email, 4);
    const { challenge } = (await signIn(owner.email)).body;
    const code = totpCode(secret, h.clock.now());
    expect((await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code })).status).toBe(200);
    await fail(owner.email, 4);
    expect((await signIn(owner.email)).body.status).toBe('second-factor-required');
    const { rows } = await h.pool.query('select consecutive_failures from passwords where account_id = $1', [
      owner.accountId,
    ]);
    expect(rows[0].consecutive_failures).toBe(4);
  });
});
