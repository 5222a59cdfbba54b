import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Harness,
  newAgent,
  openHarness,
  PASSWORD,
  someEmail,
  type TestAgent,
  totpCode,
} from './support/harness.ts';
import { HOUR, type Lost, newLost, verify } from './support/lost-factor.ts';
import { freezeByAgent, mailedToken, reason, signIn } from './support/seed.ts';

const NEW = 'a very different horse, unbattered';
const MINUTE = 60_000;

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
});
beforeEach(async () => {
  agent = await newAgent(h);
});
afterAll(() => h.close());

const offer = (caseId: string, by = agent) =>
  h.post(`/v1/agent/cases/${caseId}/recovery-link`, {}, { token: by.accessToken });
const open = (token: string) => h.post('/v1/auth/recovery', { token });
const setPassword = (token: string, newPassword = NEW) =>
  h.post('/v1/auth/recovery/password', { newPassword }, { token });
const showTotp = (token: string) => h.call('POST', '/v1/auth/recovery/totp', { token });
const bind = (token: string, code: string) => h.post('/v1/auth/recovery/totp/confirm', { code }, { token });

/** Frozen by an agent, in the case in which their identity is verified. */
async function newFrozen(extra: Record<string, unknown> = {}): Promise<Lost> {
  const lost = await newLost(h, extra);
  expect((await freezeByAgent(h, agent, lost.accountId, { ...reason, caseId: lost.caseId })).status).toBe(201);
  return lost;
}

async function newVerified(): Promise<Lost> {
  const lost = await newFrozen();
  for (const kind of ['video', 'document']) expect((await verify(h, agent, lost.caseId, kind)).status).toBe(201);
  return lost;
}

async function newOpened(): Promise<Lost & { recoveryToken: string }> {
  const lost = await newVerified();
  expect((await offer(lost.caseId)).status).toBe(202);
  const { body } = await open(await mailedToken(h, lost.email, 'recover'));
  return { ...lost, recoveryToken: body.recoveryToken };
}

describe('the way back of an owner whose identity is verified', () => {
  it('NB-R6 V6.4.4 sets a password and binds a factor while the account stays frozen', async () => {
    const { accountId, email, secret, recoveryCodes, recoveryToken } = await newOpened();
    expect((await setPassword(recoveryToken)).status).toBe(204);
    const shown = await showTotp(recoveryToken);
    expect([shown.status, shown.body.otpauthUri]).toEqual([201, expect.stringContaining(shown.body.secret)]);
    const bound = await bind(recoveryToken, totpCode(shown.body.secret, h.clock.now()));
    expect([bound.status, bound.body.recoveryCodes.length]).toEqual([200, 10]);

    h.clock.advance(MINUTE);
    const tries = [
      { password: PASSWORD, code: totpCode(secret, h.clock.now()) },
      { password: NEW, code: totpCode(secret, h.clock.now()) },
      { password: NEW, code: recoveryCodes[0] as string },
    ];
    for (const entry of tries) {
      expect((await h.post('/v1/auth/sign-in', { identifier: email, ...entry })).body.code).toBe('invalid-credentials');
    }
    const code = totpCode(shown.body.secret, h.clock.now());
    const right = await h.post('/v1/auth/sign-in', { identifier: email, password: NEW, code });
    expect([right.status, right.body.code]).toEqual([403, 'account-held']);
    const holds = await h.pool.query(
      'select scope, reason_code from holds where account_id = $1 and released_at is null',
      [accountId],
    );
    expect(holds.rows).toEqual(
      expect.arrayContaining([
        { scope: 'all', reason_code: 'account-takeover' },
        { scope: 'withdrawals', reason_code: 'recovery' },
      ]),
    );
    const subjects = (await h.mails(email)).map((mail) => mail.subject).join('\n');
    expect(subjects).toMatch(/password was reset/i);
  });

  it('is led by a mail that names no link but its own, to a mailbox the thief did not put there', async () => {
    const lost = await newLost(h);
    h.clock.advance(HOUR);
    const began = h.clock.now();
    h.clock.advance(MINUTE);
    const thief = someEmail();
    const session = await signIn(h, lost.email, { code: totpCode(lost.secret, h.clock.now()) });
    h.clock.advance(MINUTE);
    const asked = { newEmail: thief, code: totpCode(lost.secret, h.clock.now()) };
    expect((await h.post('/v1/me/email-change', asked, { token: session.accessToken })).status).toBe(202);
    const token = await mailedToken(h, thief, 'confirm-address');
    expect((await h.post('/v1/me/email-change/confirm', { token }, { token: session.accessToken })).status).toBe(204);
    agent = await newAgent(h);
    await freezeByAgent(h, agent, lost.accountId, { ...reason, caseId: lost.caseId });
    const window = { from: began.toISOString(), note: 'The owner says so' };
    await h.post(`/v1/agent/cases/${lost.caseId}/window`, window, { token: agent.accessToken });
    for (const kind of ['video', 'document']) await verify(h, agent, lost.caseId, kind);
    expect((await offer(lost.caseId)).status).toBe(202);
    const [mail] = await h.mails(lost.email);
    expect(mail?.text).toContain('/recover#token=');
    expect(mail?.text).not.toContain('/freeze#token=');
    expect((await h.mails(thief)).some(({ text }) => text.includes('/recover#'))).toBe(false);
  });
});

describe('what does not lead back', () => {
  it('a case in which identity is not verified, and whoever may not ask', async () => {
    const { caseId, accessToken } = await newFrozen();
    const early = await offer(caseId);
    expect([early.status, early.body.code, early.body.missing]).toEqual([409, 'step-not-ready', ['identity-verified']]);
    expect((await offer(caseId, await newAgent(h, 'auditor'))).status).toBe(403);
    expect((await h.post(`/v1/agent/cases/${caseId}/recovery-link`, {}, { token: accessToken })).status).toBe(401);
    expect((await offer(crypto.randomUUID())).status).toBe(404);
  });

  it('a link that was used, replaced, expired, or is for something else: all alike', async () => {
    const lost = await newVerified();
    await offer(lost.caseId);
    const first = await mailedToken(h, lost.email, 'recover');
    await offer(lost.caseId);
    const second = await mailedToken(h, lost.email, 'recover');
    expect(second).not.toBe(first);
    const opened = await Promise.all(Array.from({ length: 16 }, () => open(second)));
    expect(opened.filter(({ status }) => status === 200)).toHaveLength(1);
    await offer(lost.caseId);
    const late = await mailedToken(h, lost.email, 'recover');
    h.clock.advance(24 * HOUR);
    const { body } = await open('hf_ln_nobody-has-made-this-link-and-never-will-00000');
    for (const token of [first, second, late]) {
      const refused = await open(token);
      expect([refused.status, { ...refused.body, requestId: '' }]).toEqual([400, { ...body, requestId: '' }]);
    }
  });

  it('its token, past half an hour, anywhere else, or a second time', async () => {
    const { recoveryToken, accountId } = await newOpened();
    for (const path of ['/v1/me', '/v1/me/cases']) expect((await h.get(path, recoveryToken)).status).toBe(401);
    expect((await h.post('/v1/me/freeze', {}, { token: recoveryToken })).status).toBe(401);
    const weak = await setPassword(recoveryToken, 'password');
    expect([weak.status, weak.body.code]).toEqual([422, 'weak-password']);
    const set = await Promise.all(Array.from({ length: 16 }, () => setPassword(recoveryToken)));
    expect(set.map(({ status }) => status).toSorted()).toEqual([204, ...Array.from({ length: 15 }, () => 400)]);
    const { rows } = await h.pool.query(
      "select count(*)::int as n from events where account_id = $1 and type = 'password.reset'",
      [accountId],
    );
    expect(rows[0].n).toBe(1);
    const { body } = await showTotp(recoveryToken);
    h.clock.advance(30 * MINUTE);
    const late = await bind(recoveryToken, totpCode(body.secret, h.clock.now()));
    expect([late.status, late.body.code]).toEqual([401, 'unauthorized']);
  });

  it('V6.6.3 five wrong codes of the new authenticator', async () => {
    const { recoveryToken } = await newOpened();
    const { body } = await showTotp(recoveryToken);
    for (let n = 0; n < 5; n++) {
      expect((await bind(recoveryToken, '000000')).body.code).toBe('invalid-code');
    }
    expect((await bind(recoveryToken, totpCode(body.secret, h.clock.now()))).body.code).toBe('invalid-token');
  });

  it('a court’s order, and a case that was closed', async () => {
    const held = await newOpened();
    const order = { scope: 'all', reasonCode: 'legal-order', note: 'Court 7 O 1' };
    await h.post(`/v1/agent/accounts/${held.accountId}/holds`, order, { token: agent.accessToken });
    expect((await setPassword(held.recoveryToken)).body.code).toBe('account-held');
    expect((await offer(held.caseId)).body.code).toBe('account-held');
    const closed = await newOpened();
    await h.pool.query('update cases set closed_at = $2 where id = $1', [closed.caseId, h.clock.now()]);
    expect((await setPassword(closed.recoveryToken)).body.code).toBe('invalid-token');
    expect((await offer(closed.caseId)).body.code).toBe('case-closed');
  });
});
