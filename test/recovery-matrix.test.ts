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
import { count } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerAccount': 1000 } });
});
afterAll(() => h.close());

const NEW_PASSWORD = 'another long enough sentence';
type Account = { owner: Owner; secret: string; recoveryCodes: string[] };
type Given = { token: string; code?: string | undefined };

async function newAccount(hasFactor: boolean): Promise<Account> {
  const owner = await newOwner(h);
  return { owner, ...(hasFactor ? await enrolTotp(h, owner) : { secret: '', recoveryCodes: [] }) };
}

async function mailedLink({ owner }: Account): Promise<string> {
  await h.post('/v1/auth/password-reset', { identifier: owner.email });
  return tokenIn(
    (await h.mails(owner.email)).find(({ text }) => text.includes('/reset#token=')),
    'reset',
  );
}

const totp = ({ secret }: Account) => totpCode(secret, h.clock.now());
const opened = async ({ owner }: Account) =>
  (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: NEW_PASSWORD })).status === 200;

/** NIST SP 800-63B-4 4.2.2: what recovers an account. One with a second factor is never recovered by one channel alone. */
// biome-ignore format: a table reads as one
const matrix: [id: string, what: string, hasFactor: boolean, give: (account: Account) => Promise<Given>, answer: string | 204][] = [
  ['NB-R5', 'without a second factor: the mailed link',          false, async (a) => ({ token: await mailedLink(a) }),                                        204],
  ['NB-R5', 'without a second factor: a link made up',           false, async () => ({ token: `hf_pr_${'x'.repeat(43)}` }),                                   'invalid-token'],
  ['NB-R6', 'the mailed link alone',                             true,  async (a) => ({ token: await mailedLink(a) }),                                        'second-factor-required'],
  ['NB-R6', 'the mailed link and a code of the app',             true,  async (a) => ({ token: await mailedLink(a), code: totp(a) }),                         204],
  ['NB-R6', 'the mailed link and a saved recovery code',         true,  async (a) => ({ token: await mailedLink(a), code: a.recoveryCodes[0] }),              204],
  ['NB-R6', 'the mailed link and a wrong code',                  true,  async (a) => ({ token: await mailedLink(a), code: '000000' }),                        'invalid-code'],
  ['NB-R6', 'the mailed link and a code of another account',     true,  async (a) => ({ token: await mailedLink(a), code: (await newAccount(true)).recoveryCodes[0] }), 'invalid-code'],
  ['NB-R6', 'two mailed links: one channel twice',               true,  twoLinks,                                                                             'invalid-code'],
  ['NB-R6', 'a mailed link and another as its code',             true,  async (a) => ({ token: await mailedLink(a), code: (await mailedLink(a)).slice(0, 64) }), 'invalid-code'],
  ['NB-R6', 'a code of the app alone',                           true,  async (a) => ({ token: totp(a).padEnd(8, '0'), code: totp(a) }),                      'invalid-token'],
  ['NB-R6', 'two saved recovery codes: one method twice',        true,  async (a) => ({ token: a.recoveryCodes[0] as string, code: a.recoveryCodes[1] }),     'invalid-token'],
  ['NB-R2', 'the mailed link, half an hour late, and a code',    true,  late,                                                                                 'invalid-token'],
  ['NB-R1', 'the mailed link and a recovery code used before',   true,  usedCode,                                                                             'invalid-code'],
];

/** A mailed code is what the link holds: given as the second factor it proves the same mailbox again. */
async function twoLinks(account: Account): Promise<Given> {
  const code = (await mailedLink(account)).slice(-20);
  return { token: await mailedLink(account), code };
}

async function late(account: Account): Promise<Given> {
  const token = await mailedLink(account);
  h.clock.advance(30 * 60_000);
  return { token, code: totp(account) };
}

async function usedCode(account: Account): Promise<Given> {
  const code = account.recoveryCodes[0];
  const signIn = { identifier: account.owner.email, password: PASSWORD, code };
  expect((await h.post('/v1/auth/sign-in', signIn)).status).toBe(200);
  return { token: await mailedLink(account), code };
}

describe('recovering an account', () => {
  it.each(matrix)('%s %s', async (_id, _what, hasFactor, give, expected) => {
    const account = await newAccount(hasFactor);
    const answer = await h.post('/v1/auth/password-reset/confirm', {
      newPassword: NEW_PASSWORD,
      ...(await give(account)),
    });
    expect(answer.status === 204 ? 204 : answer.body.code).toBe(expected);
    expect(await opened(account), 'the new password').toBe(expected === 204);
    expect(await count(h, 'totp_factors', account.owner.accountId), 'the factor is as it was').toBe(hasFactor ? 1 : 0);
  });

  it('NB-R7 NB-N1 V6.3.7 tells every address of a recovery, with a link that freezes', async () => {
    const account = await newAccount(true);
    const token = await mailedLink(account);
    await h.post('/v1/auth/password-reset/confirm', {
      token,
      newPassword: NEW_PASSWORD,
      code: account.recoveryCodes[0],
    });
    const mails = await h.mails(account.owner.email);
    for (const subject of [/password was reset/i, /recovery code was used/i]) {
      const told = mails.find((mail) => subject.test(mail.subject));
      expect(told?.text, String(subject)).toMatch(/\/freeze#token=/);
    }
  });
});
