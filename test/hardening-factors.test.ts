import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  enrolTotp,
  type Harness,
  newAgent,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  tokenIn,
  totpCode,
} from './support/harness.ts';
import { holding, untilWaiting } from './support/races.ts';
import { count, freezeByAgent } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerAccount': 100 } });
});
afterAll(() => h.close());
afterEach(() => vi.restoreAllMocks());

const DAY = 86_400_000;
const WRONG = '000000';
const NEW_PASSWORD = 'another long enough sentence';
const codeNow = (secret: string) => totpCode(secret, h.clock.now());
const signIn = (owner: Owner, extra: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, ...extra });
const start = (owner: Owner) => h.post('/v1/me/totp', undefined, { token: owner.accessToken });
const confirm = (owner: Owner, code: string) => h.post('/v1/me/totp/confirm', { code }, { token: owner.accessToken });
const remove = (owner: Owner, code: string) =>
  h.call('DELETE', '/v1/me/totp', { body: { code }, token: owner.accessToken });
const reissue = (owner: Owner, code: string) => h.post('/v1/me/recovery-codes', { code }, { token: owner.accessToken });
const subjects = async (owner: Owner) => (await h.mails(owner.email)).map(({ subject }) => subject);

async function enrolled() {
  const owner = await newOwner(h);
  return { owner, ...(await enrolTotp(h, owner)) };
}

async function resetToken(owner: Owner): Promise<string> {
  h.clock.advance(1_000);
  await h.post('/v1/auth/password-reset', { identifier: owner.email });
  return tokenIn((await h.mails(owner.email))[0], 'reset');
}

const reset = (token: string, code?: string) =>
  h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD, ...(code ? { code } : {}) });

/** A stranger who knows the password guesses codes: in one step each, so that no challenge limits them. */
async function guess(owner: Owner, times: number, extra: object = {}): Promise<void> {
  for (let n = 0; n < times; n++) {
    const { challenge } = (await signIn(owner, extra)).body;
    await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code: WRONG });
  }
}

describe('hole: ten hashes for whoever asks for recovery codes', () => {
  it('nothing is hashed for a wrong code, nor where there is no factor', async () => {
    const { owner } = await enrolled();
    const bare = await newOwner(h);
    const hash = vi.spyOn(h.instance.ctx.hasher, 'hash');
    const verify = vi.spyOn(h.instance.ctx.hasher, 'verify');
    expect((await reissue(owner, WRONG)).body.code).toBe('invalid-code');
    expect((await reissue(bare, WRONG)).body.code).toBe('invalid-code');
    expect((await reissue(bare, '0000-0000-0000-0000-0000')).body.code).toBe('invalid-code');
    expect((await remove(bare, '0000-0000-0000-0000-0000')).body.code).toBe('invalid-code');
    expect([hash.mock.calls.length, verify.mock.calls.length]).toEqual([0, 0]);
  });

  it('the ten are hashed one after the other, so that one owner holds one slot', async () => {
    const { hasher } = h.instance.ctx;
    const real = hasher.hash;
    let running = 0;
    let most = 0;
    vi.spyOn(hasher, 'hash').mockImplementation(async (secret) => {
      running += 1;
      most = Math.max(most, running);
      return await real(secret).finally(() => {
        running -= 1;
      });
    });
    const { owner, secret } = await enrolled();
    most = 0;
    const { recoveryCodes } = (await reissue(owner, codeNow(secret))).body;
    expect(recoveryCodes).toHaveLength(10);
    expect(most).toBe(1);
  });

  it('an account changes its factors ten times a minute at most, by whatever route', async () => {
    const owner = await newOwner(h);
    const routes = [start, confirm, remove, reissue];
    for (let n = 0; n < 10; n++) {
      expect((await (routes[n % 4] as typeof confirm)(owner, WRONG)).body?.code).not.toBe('too-many-requests');
    }
    for (const route of routes) {
      const refused = await route(owner, WRONG);
      expect([refused.status, refused.body.code]).toEqual([429, 'too-many-requests']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await start(await newOwner(h))).status, 'others go on').toBe(201);
  });

  it('a right code whose hashing failed is neither spent nor counted', async () => {
    const { owner, secret } = await enrolled();
    const code = codeNow(secret);
    vi.spyOn(h.instance.ctx.hasher, 'hash').mockRejectedValueOnce(new Error('no thread'));
    expect((await reissue(owner, code)).status).toBe(500);
    h.clock.advance(31_000);
    expect((await reissue(owner, codeNow(secret))).status).toBe(200);
    const failed = `select count(*)::int as n from attempt_counters where cardinality(in_flight) > 0`;
    expect((await h.pool.query(failed)).rows[0].n).toBe(0);
  });
});

describe('hole: a session that ended while its change waited', () => {
  it.each([
    ['starts no enrolment', (owner: Owner) => start(owner)],
    ['confirms none', (owner: Owner, secret: string) => confirm(owner, codeNow(secret))],
  ])('%s', async (_name, change) => {
    const owner = await newOwner(h);
    const { secret } = (await start(owner)).body;
    await expectRefused(owner, () => change(owner, secret));
    expect((await signIn(owner)).body.status).toBe('signed-in');
  });

  it.each([
    ['removes no factor', remove],
    ['gets no recovery codes', reissue],
  ])('%s', async (_name, change) => {
    const { owner, secret } = await enrolled();
    await expectRefused(owner, () => change(owner, codeNow(secret)));
    expect((await signIn(owner, { code: codeNow(secret) })).status, 'nor is the code spent').toBe(200);
  });

  async function expectRefused(owner: Owner, change: () => Promise<{ status: number; body: { code: string } }>) {
    await h.mails();
    const lock = 'select from accounts where id = $1 for no key update';
    const running = await holding(h, lock, [owner.accountId], async () => {
      const late = change();
      await untilWaiting(h, 1);
      expect((await h.post('/v1/auth/sign-out', undefined, { token: owner.accessToken })).status).toBe(204);
      return { late };
    });
    expect((await running.late).body.code).toBe('unauthorized');
  }

  it('what it had shown of an authenticator is gone after a freeze and after a reset', async () => {
    const [frozen, resetting] = [await newOwner(h), await newOwner(h)];
    for (const owner of [frozen, resetting]) expect((await start(owner)).status).toBe(201);
    await freezeByAgent(h, await newAgent(h), frozen.accountId);
    expect((await reset(await resetToken(resetting))).status).toBe(204);
    for (const { accountId } of [frozen, resetting]) expect(await count(h, 'totp_factors', accountId)).toBe(0);
  });
});

describe('hole: a thief who knows the password and guesses codes', () => {
  it('cannot keep the owner from resetting it', async () => {
    const { owner, secret } = await enrolled();
    await guess(owner, 10);
    expect((await reset(await resetToken(owner), codeNow(secret))).status).toBe(204);
  });

  it('loses it with the tenth code within 30 days, and the owner is told', async () => {
    const { owner, secret } = await enrolled();
    const waiting = (await signIn(owner)).body.challenge;
    await guess(owner, 5);
    h.clock.advance(20 * DAY);
    await guess(owner, 4);
    expect((await signIn(owner)).body.status, 'after nine').toBe('second-factor-required');
    const { challenge } = (await signIn(owner)).body;
    await guess(owner, 1);
    const known = { deviceToken: owner.deviceToken };
    for (const extra of [{}, known]) expect((await signIn(owner, extra)).body.code).toBe('invalid-credentials');
    for (const open of [waiting, challenge]) {
      const late = await h.post('/v1/auth/second-factor', { challenge: open, factor: 'totp', code: codeNow(secret) });
      expect(late.body.code, 'a challenge rests on the password').toBe('invalid-challenge');
    }
    const mail = (await h.mails(owner.email)).find(({ subject }) => /knows your .* switched off/.test(subject));
    expect(mail?.text).toContain('10 wrong second-step codes');
    expect(mail?.text).toMatch(/\/freeze#token=/);
    expect((await reset(await resetToken(owner), codeNow(secret))).status).toBe(204);
    h.clock.advance(DAY);
    const fresh = await signIn(owner, { password: NEW_PASSWORD, code: codeNow(secret) });
    expect(fresh.status, 'the new password is nobody else’s').toBe(200);
  });

  it('is not told from an owner whose codes are ten in more than 30 days, or typed on a known device', async () => {
    const { owner, secret } = await enrolled();
    await guess(owner, 5);
    await guess(owner, 9, { deviceToken: owner.deviceToken });
    h.clock.advance(31 * DAY);
    await guess(owner, 5);
    expect((await signIn(owner, { code: codeNow(secret) })).status).toBe(200);
  });

  it('is not told from a code that was used a moment ago', async () => {
    const { owner, secret } = await enrolled();
    const code = codeNow(secret);
    const answers = await Promise.all(Array.from({ length: 12 }, () => signIn(owner, { code })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await count(h, 'passwords', owner.accountId, 'disabled_at is null')).toBe(1);
  });
});

describe('hole: an alarm about a known password where no password was given', () => {
  it('three wrong codes at a removal or a reset raise none', async () => {
    const { owner } = await enrolled();
    const token = await resetToken(owner);
    for (let n = 0; n < 3; n++) expect((await remove(owner, WRONG)).body.code).toBe('invalid-code');
    for (let n = 0; n < 3; n++) expect((await reset(token, WRONG)).body.code).toBe('invalid-code');
    expect((await subjects(owner)).filter((subject) => /knows your/.test(subject))).toEqual([]);
    await guess(owner, 3);
    expect((await subjects(owner)).filter((subject) => /knows your/.test(subject))).toHaveLength(1);
  });
});
