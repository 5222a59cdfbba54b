import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  enrolTotp,
  type Harness,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  tokenIn,
  totpCode,
} from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const codeNow = (secret: string) => totpCode(secret, h.clock.now());
const signIn = (owner: Owner, extra: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, ...extra });
const answerWith = (challenge: string, code: string, factor = 'totp') =>
  h.post('/v1/auth/second-factor', { challenge, factor, code });
const sixteen = <T>(make: (n: number) => Promise<T>) => Promise.all(Array.from({ length: 16 }, (_, n) => make(n)));
const won = (answers: Answer[]) => answers.filter(({ status }) => status === 200);

async function enrolled() {
  const owner = await newOwner(h);
  return { owner, ...(await enrolTotp(h, owner)) };
}

describe('a sign-in with a second factor', () => {
  it('V2.3.1 NB-S3 asks for it after the password, and opens an aal2 session with it', async () => {
    const { owner, secret } = await enrolled();
    const asked = await signIn(owner);
    expect(asked.body).toEqual({
      status: 'second-factor-required',
      challenge: expect.stringMatching(/^hf_ch_/),
      factors: ['totp', 'recovery-code'],
      expiresIn: 600,
    });
    const { status, body } = await answerWith(asked.body.challenge, codeNow(secret));
    expect([status, body.status]).toEqual([200, 'signed-in']);
    const claims = JSON.parse(Buffer.from(body.accessToken.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] });
  });

  it('V6.5.5 V6.5.8 takes the code of this step and the one before, none ahead and none older (K6)', async () => {
    const { owner, secret } = await enrolled();
    h.clock.advance(300_000);
    const codeAt = (steps: number) => totpCode(secret, new Date(h.clock.now().getTime() + steps * 30_000));
    for (const [steps, status] of [
      [1, 401],
      [-2, 401],
      [-1, 200],
      [0, 200],
    ] as const) {
      expect((await signIn(owner, { code: codeAt(steps) })).status, `${steps}`).toBe(status);
    }
  });

  it('NB-X2 V6.5.5 is over after ten minutes', async () => {
    const { owner, secret } = await enrolled();
    const { challenge } = (await signIn(owner)).body;
    const late = (await signIn(owner)).body.challenge;
    h.clock.advance(600_000 - 1);
    expect((await answerWith(challenge, codeNow(secret))).status).toBe(200);
    h.clock.advance(1);
    expect((await answerWith(late, codeNow(secret))).body.code).toBe('invalid-challenge');
  });

  it('spends its challenge', async () => {
    const { owner, secret } = await enrolled();
    const { challenge } = (await signIn(owner)).body;
    expect((await answerWith(challenge, codeNow(secret))).status).toBe(200);
    h.clock.advance(30_000);
    expect((await answerWith(challenge, codeNow(secret))).body.code).toBe('invalid-challenge');
  });
});

describe('one code', () => {
  it('V6.5.1 V15.4.2 OT-6 opens one session among sixteen challenges at once', async () => {
    const { owner, secret } = await enrolled();
    const challenges: string[] = [];
    for (let n = 0; n < 16; n++) challenges.push((await signIn(owner)).body.challenge);
    const code = codeNow(secret);
    expect(won(await sixteen((n) => answerWith(challenges[n] as string, code)))).toHaveLength(1);
  });

  it('opens one session among sixteen answers to one challenge', async () => {
    const { owner, secret } = await enrolled();
    const { challenge } = (await signIn(owner)).body;
    const code = codeNow(secret);
    expect(won(await sixteen(() => answerWith(challenge, code)))).toHaveLength(1);
  });

  it('opens one session among sixteen one-shot sign-ins', async () => {
    const { owner, secret } = await enrolled();
    const code = codeNow(secret);
    expect(won(await sixteen(() => signIn(owner, { code })))).toHaveLength(1);
  });

  it('OW-TX9 NB-O3 opens one door: sign-in, then neither reset nor removal', async () => {
    const { owner, secret } = await enrolled();
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const token = tokenIn((await h.mails(owner.email))[0], 'reset');
    const code = codeNow(secret);
    const { accessToken } = (await signIn(owner, { code })).body;
    const reset = { token, newPassword: 'another long enough sentence', code };
    expect((await h.post('/v1/auth/password-reset/confirm', reset)).body.code).toBe('invalid-code');
    const removed = await h.call('DELETE', '/v1/me/totp', { body: { code }, token: accessToken });
    expect(removed.body.code).toBe('invalid-code');
    expect((await h.post('/v1/me/recovery-codes', { code }, { token: accessToken })).body.code).toBe('invalid-code');
    h.clock.advance(30_000);
    const fresh = { ...reset, code: codeNow(secret) };
    expect((await h.post('/v1/auth/password-reset/confirm', fresh)).status, 'the token is good still').toBe(204);
  });

  it('opens no door of an earlier step either', async () => {
    const { owner, secret } = await enrolled();
    h.clock.advance(60_000);
    const earlier = totpCode(secret, new Date(h.clock.now().getTime() - 30_000));
    expect((await signIn(owner, { code: codeNow(secret) })).status).toBe(200);
    expect((await signIn(owner, { code: earlier })).status).toBe(401);
  });
});

describe('a recovery code', () => {
  it('signs in once, is told of in a mail, and leaves the other nine', async () => {
    const { owner, recoveryCodes } = await enrolled();
    const [first, second] = recoveryCodes as [string, string];
    const signedIn = await signIn(owner, { code: first.toLowerCase().replaceAll('-', ' ') });
    expect(signedIn.status).toBe(200);
    const texts = (await h.mails(owner.email)).map(({ text }) => text);
    expect(texts.filter((text) => text.includes('9 codes are left'))).toHaveLength(1);
    expect((await h.get('/v1/me', signedIn.body.accessToken)).body.secondFactor.recoveryCodesLeft).toBe(9);
    expect((await signIn(owner, { code: first })).status).toBe(401);
    const { challenge } = (await signIn(owner)).body;
    expect((await answerWith(challenge, second, 'recovery-code')).status).toBe(200);
  });

  it('V2.3.4 opens one session among sixteen at once', async () => {
    const { owner, recoveryCodes } = await enrolled();
    const challenges: string[] = [];
    for (let n = 0; n < 16; n++) challenges.push((await signIn(owner)).body.challenge);
    const code = recoveryCodes[0] as string;
    expect(won(await sixteen((n) => answerWith(challenges[n] as string, code, 'recovery-code')))).toHaveLength(1);
    const { rows } = await h.pool.query(
      'select count(*)::int as n from recovery_codes where account_id = $1 and used_at is not null',
      [owner.accountId],
    );
    expect(rows[0].n).toBe(1);
  });

  it('V6.3.7 NB-R1 is replaced with all others by ten new ones, against a code, and the owner is told', async () => {
    const { owner, secret, recoveryCodes } = await enrolled();
    const answer = await h.post('/v1/me/recovery-codes', { code: codeNow(secret) }, { token: owner.accessToken });
    expect(answer.status).toBe(200);
    expect(new Set([...answer.body.recoveryCodes, ...recoveryCodes]).size).toBe(20);
    expect((await signIn(owner, { code: recoveryCodes[0] })).status).toBe(401);
    expect((await signIn(owner, { code: answer.body.recoveryCodes[0] })).status).toBe(200);
    const told = (await h.mails(owner.email)).find(({ subject }) => subject.startsWith('New recovery codes'));
    expect(told?.text).toMatch(/\/freeze#token=\S+/);
  });
});

describe('one-shot sign-in', () => {
  it('PS-4.3a answers the same bytes whatever was wrong', async () => {
    const { owner, secret } = await enrolled();
    const wrong = { password: 'a wrong password' };
    const right = codeNow(secret);
    const answers = [
      await signIn(owner, { ...wrong, code: right }),
      await signIn(owner, { code: '000000' }),
      await signIn(owner, { ...wrong, code: '000000' }),
      await signIn(owner, { code: '0000-0000-0000-0000-0000' }),
    ];
    const shown = answers.map(({ status, body, headers }) =>
      JSON.stringify([status, { ...body, requestId: '' }, [...headers].filter(([name]) => name !== 'x-request-id')]),
    );
    expect(new Set(shown).size, shown.join('\n')).toBe(1);
    expect((await signIn(owner, { code: right })).status, 'the wrong password did not spend the code').toBe(200);
  });

  it('does not tell that the factor is locked, for that would tell that the password is right', async () => {
    const { owner, secret } = await enrolled();
    for (let n = 0; n < 2; n++) {
      const { challenge } = (await signIn(owner)).body;
      for (let tries = 0; tries < 5; tries++) await answerWith(challenge, '000000');
    }
    // So many wrong codes end the password as well; what the lock alone looks like is asked here.
    await h.pool.query('update passwords set disabled_at = null where account_id = $1', [owner.accountId]);
    const { challenge } = (await signIn(owner)).body;
    expect((await answerWith(challenge, codeNow(secret))).status, 'it is locked').toBe(429);
    const locked = await signIn(owner, { code: codeNow(secret) });
    const caseAccess = { identifier: owner.email, password: PASSWORD, code: codeNow(secret) };
    const access = await h.post('/v1/auth/case-access', caseAccess);
    const wrong = await signIn(owner, { password: 'a wrong password', code: codeNow(secret) });
    for (const { status, body } of [locked, access]) {
      expect([status, { ...body, requestId: '' }]).toEqual([401, { ...wrong.body, requestId: '' }]);
    }
  });
});
