import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { enrolTotp, type Harness, newOwner, type Owner, openHarness, PASSWORD, totpCode } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.factorChangesPerAccount': 1000 } });
});
afterAll(() => h.close());
afterEach(() => vi.restoreAllMocks());

const codeNow = (secret: string) => totpCode(secret, h.clock.now());
const signIn = (owner: Owner, code?: string) =>
  h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, ...(code ? { code } : {}) });
const state = async (token: string) => (await h.get('/v1/me', token)).body.secondFactor;

async function enrolled(extra: Record<string, unknown> = {}) {
  const owner = await newOwner(h, extra);
  return { owner, ...(await enrolTotp(h, owner)) };
}

describe('recovery codes', () => {
  it('NB-R1 are counted down, and offered anew from three on: in the answer and in the mail', async () => {
    const { owner, recoveryCodes } = await enrolled();
    for (const [n, code] of recoveryCodes.entries()) {
      const { accessToken } = (await signIn(owner, code)).body;
      const left = 9 - n;
      expect(await state(accessToken)).toMatchObject({ recoveryCodesLeft: left, recoveryCodesLow: left <= 3 });
      const mail = (await h.mails(owner.email)).find(({ subject }) => subject.startsWith('A recovery code was used'));
      const offer = left <= 3;
      expect(/create new ones/.test(mail?.text ?? ''), `${left} left`).toBe(offer);
      expect(mail?.text).toContain(
        left === 0 ? 'None is left' : left === 1 ? '1 code is left' : `${left} codes are left`,
      );
      expect(mail?.text).toMatch(/\/sign-in$/m);
    }
    expect((await signIn(owner, recoveryCodes[0])).status).toBe(401);
  });

  it('NB-R1 say so in Chinese too', async () => {
    const { owner, recoveryCodes } = await enrolled({ locale: 'zh-CN' });
    for (const code of recoveryCodes.slice(0, 7)) await signIn(owner, code);
    const used = (await h.mails(owner.email)).filter(({ subject }) => subject.includes('恢复码'));
    expect(used[0]?.text).toContain('只剩 3 个恢复码，请尽快生成新的');
    expect(used[1]?.text).toContain('还剩 4 个恢复码');
  });

  it('cost one slow hash per check, whichever code, and none for what cannot be one', async () => {
    const { owner, recoveryCodes } = await enrolled();
    const verify = vi.spyOn(h.instance.ctx.hasher, 'verify');
    const { challenge } = (await signIn(owner)).body;
    const answer = (code: string) => h.post('/v1/auth/second-factor', { challenge, factor: 'recovery-code', code });
    const last = recoveryCodes[9] as string;
    const wrong = last.replace(/.$/, (letter) => (letter === 'A' ? 'B' : 'A'));
    for (const [code, hashes] of [
      [wrong, 1],
      ['0000-0000-0000-0000-0000', 1],
      ['not a code', 0],
      [last, 1],
    ] as const) {
      verify.mockClear();
      await answer(code);
      expect(verify.mock.calls.length, code).toBe(hashes);
    }
  });

  it('NB-L1 OW-MF2 are made anew against a factor alone: a code of the app or one of themselves', async () => {
    const { owner, secret, recoveryCodes } = await enrolled();
    const renew = (body: object) => h.post('/v1/me/recovery-codes', body, { token: owner.accessToken });
    expect((await renew({})).status).toBe(422);
    expect((await renew({ code: '000000' })).body.code).toBe('invalid-code');
    const fresh = (await renew({ code: recoveryCodes[0] })).body.recoveryCodes;
    expect(fresh).toHaveLength(10);
    expect((await signIn(owner, recoveryCodes[1])).status, 'the old ones are gone').toBe(401);
    expect((await renew({ code: codeNow(secret) })).body.recoveryCodes).toHaveLength(10);
    expect((await signIn(owner, fresh[0])).status).toBe(401);
    expect(await state(owner.accessToken)).toMatchObject({ recoveryCodesLeft: 10, recoveryCodesLow: false });
  });

  it('NB-R1 are made anew once among sixteen at once with one code, and the ten that were shown are those that open', async () => {
    const { owner, secret } = await enrolled();
    const code = codeNow(secret);
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => h.post('/v1/me/recovery-codes', { code }, { token: owner.accessToken })),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect((await signIn(owner, won[0]?.body.recoveryCodes[4])).status).toBe(200);
  });

  it('V8.2.1 are for their owner alone', async () => {
    const { recoveryCodes } = await enrolled();
    const other = await enrolled();
    expect((await signIn(other.owner, recoveryCodes[0])).status).toBe(401);
    expect((await h.post('/v1/me/recovery-codes', { code: recoveryCodes[0] })).status).toBe(401);
  });
});
