import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
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

const NEW_PASSWORD = 'another long enough sentence';
const confirm = (token: string, code?: string) =>
  h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD, ...(code ? { code } : {}) });
const signIn = (owner: Owner, extra: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, ...extra });

async function enrolled() {
  const owner = await newOwner(h);
  const { secret, recoveryCodes } = await enrolTotp(h, owner);
  return { owner, recoveryCodes, code: () => totpCode(secret, h.clock.now()) };
}

async function tokenFor(owner: Owner): Promise<string> {
  await h.post('/v1/auth/password-reset', { identifier: owner.email });
  return tokenIn((await h.mails(owner.email))[0], 'reset');
}

describe('V6.4.3 OW-FP10 the reset of an account with a second factor', () => {
  it('asks for it, and the mailed token is not spent by asking', async () => {
    const { owner, code } = await enrolled();
    const token = await tokenFor(owner);
    const asked = await confirm(token);
    expect([asked.status, asked.body.code, asked.body.factors]).toEqual([
      401,
      'second-factor-required',
      ['totp', 'recovery-code'],
    ]);
    expect((await confirm(token, '000000')).body.code).toBe('invalid-code');
    expect((await confirm(token, code())).status).toBe(204);
    expect((await signIn(owner, { password: NEW_PASSWORD })).body.status, 'and the factor stays').toBe(
      'second-factor-required',
    );
  });

  it('NB-R6 takes a recovery code, once', async () => {
    const { owner, recoveryCodes } = await enrolled();
    expect((await confirm(await tokenFor(owner), recoveryCodes[0])).status).toBe(204);
    expect((await confirm(await tokenFor(owner), recoveryCodes[0])).body.code).toBe('invalid-code');
  });

  it('does not spend the code when the token is no good', async () => {
    const { owner, code } = await enrolled();
    const [older, token] = [await tokenFor(owner), await tokenFor(owner)];
    expect((await confirm(token, code())).status).toBe(204);
    h.clock.advance(30_000);
    expect((await confirm(older, code())).body.code).toBe('invalid-token');
    expect((await signIn(owner, { password: NEW_PASSWORD, code: code() })).status).toBe(200);
  });

  it('does not spend the code when the account is held', async () => {
    const { owner, code } = await enrolled();
    const token = await tokenFor(owner);
    await h.pool.query(
      `insert into holds (id, account_id, scope, reason_code, source, since)
       values (gen_random_uuid(), $1, 'security-changes', 'review', 'agent', $2)`,
      [owner.accountId, h.clock.now()],
    );
    expect((await confirm(token, code())).body.code).toBe('account-held');
    expect((await signIn(owner, { code: code() })).status).toBe(200);
  });

  it('V6.6.3 takes five wrong codes for one token, and no sixth try', async () => {
    const { owner, code } = await enrolled();
    const token = await tokenFor(owner);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(token, '000000')));
    expect(answers.filter(({ body }) => body.code === 'invalid-code')).toHaveLength(5);
    expect((await confirm(token, code())).body.code).toBe('invalid-token');
    expect((await confirm(await tokenFor(owner), code())).status).toBe(204);
  });

  it('is done once among sixteen callers with one token and one code', async () => {
    const { owner, code } = await enrolled();
    const token = await tokenFor(owner);
    const given = code();
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(token, given)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    for (const { status } of answers) expect([204, 400, 401, 429]).toContain(status);
  });

  it('ends half-done sign-ins', async () => {
    const { owner, code } = await enrolled();
    const { challenge } = (await signIn(owner)).body;
    expect((await confirm(await tokenFor(owner), code())).status).toBe(204);
    h.clock.advance(30_000);
    const late = await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code: code() });
    expect(late.body.code).toBe('invalid-challenge');
  });
});
