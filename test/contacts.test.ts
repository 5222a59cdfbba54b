import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Harness,
  newAgent,
  openHarness,
  PASSWORD,
  someEmail,
  type TestAgent,
  tokenIn,
} from './support/harness.ts';
import {
  count,
  enrol,
  freezeByAgent,
  hostKey,
  mailedToken,
  newSignedIn,
  type SignedIn,
  signIn,
} from './support/seed.ts';

const DAY = 24 * 60 * 60_000;
let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

const ask = (owner: SignedIn, newEmail: string, extra: object = {}) =>
  h.post('/v1/me/email-change', { newEmail, ...extra }, { token: owner.accessToken });
const confirm = (owner: SignedIn, token: string) =>
  h.post('/v1/me/email-change/confirm', { token }, { token: owner.accessToken });
const press = (token: string) => h.post('/v1/auth/link/use', { token, confirm: true });
const mailTo = async (email: string, part: string) => (await h.mails(email)).find(({ text }) => text.includes(part));

/** An owner whose address was changed a moment ago. */
async function changed(extra: Record<string, unknown> = {}) {
  const owner = await newSignedIn(h, extra);
  const to = someEmail();
  await ask(owner, to);
  expect((await confirm(owner, await mailedToken(h, to, 'confirm-address'))).status).toBe(204);
  const undo = await mailedToken(h, owner.email, 'undo');
  return { owner, to, undo };
}

describe('a change of address', () => {
  it('V6.3.7 OW-AU6 is confirmed from the new one, and told to the old one with a freeze and an undo link', async () => {
    const owner = await newSignedIn(h);
    const to = someEmail();
    expect(await ask(owner, to)).toMatchObject({ status: 202, body: {} });
    const token = await mailedToken(h, to, 'confirm-address');
    expect((await mailTo(owner.email, '/freeze#token='))?.subject).toContain('new email address');
    expect((await h.get('/v1/me', owner.accessToken)).body.email).toBe(owner.email);
    expect((await signIn(h, to)).code).toBe('invalid-credentials');

    expect((await confirm(owner, token)).status).toBe(204);
    expect((await h.get('/v1/me', owner.accessToken)).body.email).toBe(to);
    expect((await signIn(h, to)).status).toBe('signed-in');
    expect((await signIn(h, owner.email)).code).toBe('invalid-credentials');
    const old = await mailTo(owner.email, '/undo#token=');
    expect(old?.text).toContain('/freeze#token=');
    expect(old?.text).not.toContain(to);
    const fresh = (await h.mails(to)).filter(({ subject }) => subject.includes('was changed'));
    expect(fresh).toHaveLength(1);
    expect(fresh[0]?.text).toContain('/freeze#token=');
    expect(fresh[0]?.text).not.toContain('/undo#token=');
  });

  it('V7.5.1 needs a sign-in of the last minutes, though the confirmation does not', async () => {
    const owner = await newSignedIn(h);
    const to = someEmail();
    await ask(owner, to);
    const token = await mailedToken(h, to, 'confirm-address');
    h.clock.advance(16 * 60_000);
    const { accessToken } = (await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body;
    const stale = { ...owner, accessToken };
    const refused = await ask(stale, someEmail());
    expect([refused.status, refused.body.code]).toEqual([401, 'insufficient-authentication']);
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_user_authentication');
    expect((await confirm(stale, token)).status).toBe(204);
    agent = await newAgent(h);
  });

  it('OW-MF2 needs a code where a second factor is enrolled, and spends it once', async () => {
    const owner = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    expect((await ask(owner, someEmail())).body).toMatchObject({
      code: 'second-factor-required',
      factors: ['totp', 'recovery-code'],
    });
    expect((await ask(owner, someEmail(), { code: '000000' })).body.code).toBe('invalid-code');
    expect(await count(h, 'contact_changes', owner.accountId)).toBe(0);
    expect((await ask(owner, someEmail(), { code: recoveryCodes[0] })).status).toBe(202);
    expect((await ask(owner, someEmail(), { code: recoveryCodes[0] })).body.code).toBe('invalid-code');
  });

  it('V6.3.8 answers the same for an address that somebody has, whose holder is told and keeps it', async () => {
    const holder = await newSignedIn(h);
    const owner = await newSignedIn(h);
    const headers = { 'x-request-id': 'the-same-for-both' };
    const answers = [];
    for (const newEmail of [holder.email, someEmail()]) {
      answers.push(await h.post('/v1/me/email-change', { newEmail }, { token: owner.accessToken, headers }));
    }
    expect(answers[0]?.text).toBe(answers[1]?.text);
    expect(answers[0]?.status).toBe(answers[1]?.status);
    await ask(owner, holder.email);
    const mail = await mailTo(holder.email, 'It belongs to your account');
    expect(mail?.text).not.toMatch(/#token=/);
    expect((await h.get('/v1/me', holder.accessToken)).body.email).toBe(holder.email);
  });

  it('refuses the address that the account has, in any case', async () => {
    const owner = await newSignedIn(h);
    const { status, body } = await ask(owner, owner.email.toUpperCase());
    expect(status).toBe(422);
    expect(body.errors).toMatchObject([{ pointer: '/newEmail' }]);
  });

  it('V2.3.4 happens once among sixteen who confirm at once', async () => {
    const owner = await newSignedIn(h);
    const to = someEmail();
    await ask(owner, to);
    const token = await mailedToken(h, to, 'confirm-address');
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(owner, token)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ body }) => body?.code === 'invalid-token')).toHaveLength(15);
    expect(await count(h, 'events', owner.accountId, "type = 'email.changed'")).toBe(1);
    expect(await count(h, 'identifiers', owner.accountId, 'reserved_until is null')).toBe(1);
  });

  it('gives an address that two want to one of them', async () => {
    const rivals = [await newSignedIn(h), await newSignedIn(h)];
    const to = someEmail();
    const tokens: string[] = [];
    for (const rival of rivals) {
      await ask(rival, to);
      tokens.push(await mailedToken(h, to, 'confirm-address'));
    }
    const answers = await Promise.all(rivals.map((rival, place) => confirm(rival, tokens[place] as string)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 400]);
    const { rows } = await h.pool.query('select account_id from identifiers where value = $1', [to]);
    expect(rows).toHaveLength(1);
    const loser = rivals.find((_, place) => answers[place]?.status === 400) as SignedIn;
    expect((await h.get('/v1/me', loser.accessToken)).body.email).toBe(loser.email);
  });

  it('V6.6.2 takes only the newest token, of its own account, in time, and spends it on nothing else', async () => {
    const owner = await newSignedIn(h);
    const stranger = await newSignedIn(h);
    const [first, second] = [someEmail(), someEmail()];
    await ask(owner, first);
    const old = await mailedToken(h, first, 'confirm-address');
    await ask(owner, second);
    const token = await mailedToken(h, second, 'confirm-address');
    for (const [who, which] of [
      [owner, old],
      [stranger, token],
    ] as const) {
      expect((await confirm(who, which)).body.code).toBe('invalid-token');
    }
    expect((await h.post('/v1/auth/email-confirmation', { token })).body.code).toBe('invalid-token');
    expect((await press(token)).body.code).toBe('invalid-token');
    expect((await h.post('/v1/me/email-change/confirm', { token })).status).toBe(401);
    expect((await confirm(owner, token)).status).toBe(204);

    const late = await newSignedIn(h);
    const third = someEmail();
    await ask(late, third);
    const expired = await mailedToken(h, third, 'confirm-address');
    await h.pool.query("update contact_changes set expires_at = expires_at - interval '2 h' where account_id = $1", [
      late.accountId,
    ]);
    expect((await confirm(late, expired)).body.code).toBe('invalid-token');
  });

  it('dies with everything else that a reset or a freeze ends', async () => {
    const owner = await newSignedIn(h);
    const to = someEmail();
    await ask(owner, to);
    const token = await mailedToken(h, to, 'confirm-address');
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const reset = await mailedToken(h, owner.email, 'reset');
    await h.post('/v1/auth/password-reset/confirm', { token: reset, newPassword: `${PASSWORD} anew` });
    const session = await signIn(h, owner.email, { password: `${PASSWORD} anew` });
    expect((await confirm({ ...owner, ...session }, token)).body.code).toBe('invalid-token');
    expect((await h.get('/v1/me', session.accessToken)).body.email).toBe(owner.email);
  });

  it('V7.4.3 ends other sessions, keeps the acting one, and lets withdrawals wait', async () => {
    const owner = await newSignedIn(h);
    const other = await signIn(h, owner.email);
    const to = someEmail();
    await ask(owner, to);
    await confirm(owner, await mailedToken(h, to, 'confirm-address'));
    expect((await h.get('/v1/me', other.accessToken)).status).toBe(401);
    const { holds } = (await h.get('/v1/me', owner.accessToken)).body;
    expect(holds).toMatchObject([{ scope: 'withdrawals', reasonCode: 'credential-change' }]);
  });

  it('V2.4.1 is asked for ten times an hour and no more', async () => {
    const owner = await newSignedIn(h);
    for (let time = 0; time < 10; time++) expect((await ask(owner, someEmail())).status).toBe(202);
    const { status, headers } = await ask(owner, someEmail());
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('the undo window', () => {
  it('V6.3.7 sends every notice to both addresses, and to the new one alone once it is over', async () => {
    const { owner, to } = await changed();
    await signIn(h, to);
    const isDevice = ({ subject }: { subject: string }) => subject.includes('New device');
    const [old] = (await h.mails(owner.email)).filter(isDevice);
    const [fresh] = (await h.mails(to)).filter(isDevice);
    const tokens = [tokenIn(old, 'freeze'), tokenIn(fresh, 'freeze')];
    expect(new Set(tokens).size).toBe(2);
    h.clock.advance(7 * DAY);
    await signIn(h, to);
    expect((await h.mails(owner.email)).filter(isDevice)).toHaveLength(1);
    expect((await h.mails(to)).filter(isDevice)).toHaveLength(2);
    // The link that was mailed to the old address freezes for fourteen days from its mail.
    h.clock.advance(6 * DAY);
    expect((await press(tokens[0] as string)).body.hold).toMatchObject({ scope: 'all' });
    agent = await newAgent(h);
  });

  it('keeps the old address from everybody, and frees it afterwards', async () => {
    const { owner } = await changed();
    const host = await hostKey(h);
    const make = () => h.post('/v1/server/accounts', { email: owner.email, emailConfirmed: true }, { token: host });
    expect((await make()).body.code).toBe('account-exists');
    const rival = await newSignedIn(h);
    await ask(rival, owner.email);
    expect(await mailTo(owner.email, '/confirm-address#token=')).toBeUndefined();
    await h.post('/v1/auth/sign-up', { email: owner.email, password: PASSWORD });
    expect(await mailTo(owner.email, '/confirm#token=')).toBeUndefined();
    expect((await mailTo(owner.email, 'You already have an account'))?.to).toBe(owner.email);
    h.clock.advance(7 * DAY);
    expect((await make()).status).toBe(201);
    agent = await newAgent(h);
  });

  it('mails the undo link once more to who asks for a reset by the old address', async () => {
    const { owner, to } = await changed();
    const before = (await h.mails(to)).length;
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const again = (await h.mails(owner.email)).filter(({ text }) => text.includes('/undo#token='));
    expect(again).toHaveLength(2);
    expect((await h.mails(to)).length).toBe(before);
    expect((await press(tokenIn(again[0], 'undo'))).status).toBe(200);
    expect((await h.get(`/v1/server/accounts/${owner.accountId}`, await hostKey(h))).body.email).toBe(owner.email);
  });

  it('lets the owner go back by themselves', async () => {
    const { owner } = await changed();
    await ask(owner, owner.email);
    expect((await confirm(owner, await mailedToken(h, owner.email, 'confirm-address'))).status).toBe(204);
    expect((await signIn(h, owner.email)).status).toBe('signed-in');
  });
});

describe('an undo link', () => {
  it('shows what it is about and changes nothing in sixteen looks', async () => {
    const { owner, to, undo } = await changed();
    const looks = await Promise.all(Array.from({ length: 16 }, () => h.post('/v1/auth/link', { token: undo })));
    for (const { body } of looks)
      expect(body).toMatchObject({ purpose: 'undo-contact-change', event: { type: 'email.changed' } });
    expect((await h.get('/v1/me', owner.accessToken)).body.email).toBe(to);
  });

  it('V2.3.4 restores the old address once among sixteen presses, ends sessions and freezes', async () => {
    const { owner, to, undo } = await changed();
    const answers = await Promise.all(Array.from({ length: 16 }, () => press(undo)));
    const [used] = answers.filter(({ status }) => status === 200);
    expect(answers.filter(({ body }) => body.code === 'invalid-token')).toHaveLength(15);
    expect(used?.body.hold).toMatchObject({ scope: 'all', reasonCode: 'account-takeover' });
    expect(used?.body.receipt.split('.')).toHaveLength(3);
    expect(used?.body.caseReference).toMatch(/^HF-/);
    const account = (await h.get(`/v1/server/accounts/${owner.accountId}`, await hostKey(h))).body;
    expect(account).toMatchObject({ email: owner.email, emailConfirmed: true });
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
    expect((await signIn(h, owner.email)).code).toBe('account-held');
    expect((await signIn(h, to)).code).toBe('invalid-credentials');
    expect((await mailTo(to, 'Someone pressed the link'))?.text).not.toContain('#token=');
    expect(await mailTo(owner.email, 'Someone pressed the link')).toBeDefined();
    expect(await mailTo(to, '/case#token=')).toBeUndefined();
    expect(await count(h, 'identifiers', owner.accountId)).toBe(1);
  });

  it('takes a hijacked account back: reset by the new address, then undone', async () => {
    const { owner, to, undo } = await changed();
    await h.post('/v1/auth/password-reset', { identifier: to });
    const first = await mailedToken(h, to, 'reset');
    await h.post('/v1/auth/password-reset/confirm', { token: first, newPassword: `${PASSWORD} of a thief` });
    expect(await mailTo(owner.email, 'A new password was set')).toBeDefined();
    const thief = await signIn(h, to, { password: `${PASSWORD} of a thief` });
    expect(thief.status).toBe('signed-in');
    const gate = `/v1/server/accounts/${owner.accountId}/gate?action=withdrawal`;
    expect((await h.get(gate, await hostKey(h))).body.allowed).toBe(false);
    await h.post('/v1/auth/password-reset', { identifier: to });
    const second = await mailedToken(h, to, 'reset');
    expect(second).not.toBe(first);
    expect((await press(undo)).status).toBe(200);
    expect((await h.get('/v1/me', thief.accessToken)).status).toBe(401);
    const late = await h.post('/v1/auth/password-reset/confirm', { token: second, newPassword: `${PASSWORD} again` });
    expect(late.body.code).toBe('invalid-token');
    const mails = (await h.mails(to)).length;
    await h.post('/v1/auth/password-reset', { identifier: to });
    expect((await h.mails(to)).length).toBe(mails);
  });

  it('undoes what came after it, whose own links are void then', async () => {
    const { owner, to, undo } = await changed();
    const third = someEmail();
    await ask(owner, third);
    await confirm(owner, await mailedToken(h, third, 'confirm-address'));
    const later = await mailedToken(h, to, 'undo');
    expect((await press(undo)).status).toBe(200);
    expect((await press(later)).body.code).toBe('invalid-token');
    expect((await h.get(`/v1/server/accounts/${owner.accountId}`, await hostKey(h))).body.email).toBe(owner.email);
    const { rows } = await h.pool.query('select value from identifiers where account_id = $1', [owner.accountId]);
    expect(rows).toEqual([{ value: owner.email }]);
  });

  it('works while the account is frozen, and not under a legal hold', async () => {
    const { owner, undo } = await changed();
    await freezeByAgent(h, agent, owner.accountId);
    const { status, body } = await press(undo);
    expect([status, body.hold.scope, body.caseReference]).toEqual([200, 'all', undefined]);
    expect(await count(h, 'holds', owner.accountId, "scope = 'all'")).toBe(1);

    const other = await changed();
    await freezeByAgent(h, agent, other.owner.accountId, { reasonCode: 'legal-order', note: 'By court' });
    await h.pool.query("update holds set source = 'legal' where account_id = $1 and scope = 'all'", [
      other.owner.accountId,
    ]);
    expect((await press(other.undo)).body.code).toBe('invalid-token');
    expect(
      await count(h, 'links', other.owner.accountId, "purpose = 'undo-contact-change' and used_at is not null"),
    ).toBe(0);
  });

  it('ends with the undo window', async () => {
    const { owner, to, undo } = await changed();
    h.clock.advance(7 * DAY);
    expect((await press(undo)).body.code).toBe('invalid-token');
    expect((await h.get(`/v1/server/accounts/${owner.accountId}`, await hostKey(h))).body.email).toBe(to);
    agent = await newAgent(h);
  });
});

describe('a change of username', () => {
  const rename = (owner: SignedIn, username: string) =>
    h.call('PUT', '/v1/me/username', { body: { username }, token: owner.accessToken });

  it('holds at once, is told with an undo link, and keeps the old name', async () => {
    const name = `ana${Date.now()}`;
    const owner = await newSignedIn(h, { username: name });
    const next = `${name}.new`;
    expect((await rename(owner, next)).status).toBe(204);
    expect((await signIn(h, next)).status).toBe('signed-in');
    expect((await signIn(h, name)).code).toBe('invalid-credentials');
    const rival = await newSignedIn(h);
    expect((await rename(rival, name)).body.code).toBe('account-exists');
    expect((await press(await mailedToken(h, owner.email, 'undo'))).status).toBe(200);
    expect((await h.get(`/v1/server/accounts/${owner.accountId}`, await hostKey(h))).body.username).toBe(name);
    expect((await rename(rival, next)).status).toBe(204);
  });

  it('V2.3.4 gives a name to one of sixteen', async () => {
    const owners = await Promise.all(Array.from({ length: 16 }, () => newSignedIn(h)));
    const name = `one.of.many${Date.now()}`;
    const answers = await Promise.all(owners.map((owner) => rename(owner, name)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(15).fill(409)]);
  });
});
