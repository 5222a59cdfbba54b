import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  enrolTotp,
  type Harness,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  totpCode,
} from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerRecipient': 100, 'limits.factorChangesPerAccount': 100 } });
});
afterAll(() => h.close());

const codeNow = (secret: string) => totpCode(secret, h.clock.now());
const WRONG = '000000';
const answerWith = (challenge: string, code: string) =>
  h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code });

async function enrolled() {
  const owner = await newOwner(h);
  return { owner, ...(await enrolTotp(h, owner)) };
}

async function challengeOf(owner: Owner, deviceToken?: string): Promise<string> {
  const device = deviceToken ? { deviceToken } : {};
  return (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, ...device })).body.challenge;
}

async function fail(owner: Owner, times: number, deviceToken?: string): Promise<Answer[]> {
  const answers: Answer[] = [];
  let challenge = '';
  for (let n = 0; n < times; n++) {
    if (n % 5 === 0) challenge = await challengeOf(owner, deviceToken);
    answers.push(await answerWith(challenge, WRONG));
  }
  return answers;
}

const subjects = async (owner: Owner) => (await h.mails(owner.email)).map(({ subject }) => subject);

describe('wrong codes', () => {
  it('OW-TX6 PS-4.3b end the challenge after five, whatever comes sixth', async () => {
    const { owner, secret } = await enrolled();
    const challenge = await challengeOf(owner);
    for (let n = 0; n < 5; n++) expect((await answerWith(challenge, WRONG)).body.code).toBe('invalid-code');
    expect((await answerWith(challenge, codeNow(secret))).body.code).toBe('invalid-challenge');
    expect((await answerWith(await challengeOf(owner), codeNow(secret))).status).toBe(200);
  });

  it('OT-3 get five places among fifty at once', async () => {
    const { owner } = await enrolled();
    const challenge = await challengeOf(owner);
    const answers = await Promise.all(Array.from({ length: 50 }, () => answerWith(challenge, WRONG)));
    expect(answers.filter(({ body }) => body.code === 'invalid-code')).toHaveLength(5);
    expect(answers.filter(({ body }) => body.code === 'invalid-challenge')).toHaveLength(45);
  });

  it('OT-3 OT-4 lock a device’s way to the factor after ten over all challenges: 15 minutes, 30, 60, as a mail tells', async () => {
    const { owner, secret } = await enrolled();
    for (const minutes of [15, 30, 60]) {
      expect((await fail(owner, 10, owner.deviceToken)).map(({ status }) => status)).toEqual(Array(10).fill(401));
      const refused = await answerWith(await challengeOf(owner, owner.deviceToken), codeNow(secret));
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, String(minutes * 60)]);
      h.clock.advance(minutes * 60_000);
    }
    expect((await answerWith(await challengeOf(owner, owner.deviceToken), codeNow(secret))).status).toBe(200);
    const locks = (await h.mails(owner.email)).filter(
      ({ text }) => text.includes('authenticator') || text.includes('code'),
    );
    expect(locks.length).toBeGreaterThanOrEqual(3);
    const { rows } = await h.pool.query(
      `select count(*)::int as n from events where account_id = $1 and type = 'second-factor.locked'`,
      [owner.accountId],
    );
    expect(rows[0].n).toBe(3);
  });

  it('OT-3 get ten places among forty challenges at once', async () => {
    const { owner } = await enrolled();
    const challenges: string[] = [];
    for (let n = 0; n < 40; n++) challenges.push(await challengeOf(owner));
    const answers = await Promise.all(challenges.map((challenge) => answerWith(challenge, WRONG)));
    expect(answers.filter(({ body }) => body.code === 'invalid-code')).toHaveLength(10);
    // The tenth ends the password too, and with it the challenges that rest on it.
    for (const { body } of answers) {
      expect(['invalid-code', 'too-many-attempts', 'invalid-challenge']).toContain(body.code);
    }
  });

  it('OW-MF3 OW-CS2 tell the owner at the third after a right password, and not before', async () => {
    const { owner } = await enrolled();
    const before = (await subjects(owner)).length;
    await fail(owner, 2);
    expect(await subjects(owner)).toHaveLength(before);
    await fail(owner, 1);
    const [mail] = await h.mails(owner.email);
    expect(await subjects(owner)).toHaveLength(before + 1);
    expect(mail?.text.toLowerCase()).toContain('password');
    expect(mail?.text).toMatch(/\/freeze#token=/);
  });

  it('of a stranger do not count against a known device, nor the other way round', async () => {
    const { owner, secret } = await enrolled();
    await fail(owner, 9);
    const signedIn = await answerWith(await challengeOf(owner, owner.deviceToken), codeNow(secret));
    expect(signedIn.status).toBe(200);
    await fail(owner, 10, signedIn.body.deviceToken);
    h.clock.advance(30_000);
    expect((await answerWith(await challengeOf(owner), codeNow(secret))).status).toBe(200);
  });

  it('NB-T3 are not forgotten by a right password', async () => {
    const { owner, secret } = await enrolled();
    await fail(owner, 9, owner.deviceToken);
    for (let n = 0; n < 3; n++) await challengeOf(owner, owner.deviceToken);
    await fail(owner, 1, owner.deviceToken);
    expect((await answerWith(await challengeOf(owner, owner.deviceToken), codeNow(secret))).status).toBe(429);
  });

  it('count at removal and new recovery codes as at sign-in', async () => {
    const { owner, secret } = await enrolled();
    const call = (code: string) => h.call('DELETE', '/v1/me/totp', { body: { code }, token: owner.accessToken });
    for (let n = 0; n < 10; n++) expect((await call(WRONG)).body.code).toBe('invalid-code');
    expect((await call(codeNow(secret))).status).toBe(429);
    const codes = await h.post('/v1/me/recovery-codes', { code: codeNow(secret) }, { token: owner.accessToken });
    expect(codes.status).toBe(429);
  });
});

describe('a right code that could not be used', () => {
  it('is no wrong one: ten changes refused by a hold lock nothing', async () => {
    const { owner, secret } = await enrolled();
    await h.pool.query(
      `insert into holds (id, account_id, scope, reason_code, source, since)
       values (gen_random_uuid(), $1, 'security-changes', 'review', 'agent', $2)`,
      [owner.accountId, h.clock.now()],
    );
    for (let n = 0; n < 12; n++) {
      const code = codeNow(secret);
      const refused = await h.call('DELETE', '/v1/me/totp', { body: { code }, token: owner.accessToken });
      expect(refused.body.code).toBe('account-held');
    }
    h.clock.advance(60_000);
    const code = codeNow(secret);
    const held = await h.call('DELETE', '/v1/me/totp', { body: { code }, token: owner.accessToken });
    expect(held.body.code, 'not too-many-attempts').toBe('account-held');
  });
});
