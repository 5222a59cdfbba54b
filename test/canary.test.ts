import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLog } from '../src/log.ts';
import { newAuthenticator } from './support/authenticator.ts';
import { mailedCode } from './support/enrolling.ts';
import {
  type Harness,
  newAgent,
  newApiKey,
  openHarness,
  PASSWORD,
  someEmail,
  strengthen,
  tokenIn,
  totpCode,
} from './support/harness.ts';
import { newScheduled } from './support/lost-factor.ts';
import { originOf } from './support/passkeys.ts';
import { mailedToken, newAccount, signIn } from './support/seed.ts';
import { openSink, type Sink } from './support/sink.ts';
import { prepareTexted } from './support/sms-tries.ts';
import { agreed, confirmEnrolment, enrolmentTokenFor, newInvited, staffPost, startEnrolment } from './support/staff.ts';

/** Everything that must never be found anywhere, by what it is. */
const canaries = new Map<string, string>();
const lines: string[] = [];
const secret = randomBytes(32);

let h: Harness;
let sink: Sink;
beforeAll(async () => {
  sink = await openSink();
  const memory = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const env = {
    HELPDESK: 'webhook',
    HELPDESK_URL: sink.url,
    HOLDFAST_SECRET_PREVIOUS: randomBytes(32).toString('base64'),
    HELPDESK_SECRET: keep('webhook secret', `whsec_${secret.toString('base64')}`),
  };
  h = await openHarness({
    policy: { 'approvals.minApproverAge': 0, 'sms.factor': 'on' },
    env,
    log: openLog('debug', memory),
  });
  const { secret: wrapping, previousSecret } = h.instance.ctx.config;
  for (const bytes of [wrapping, previousSecret] as Buffer[])
    for (const form of ['base64', 'base64url', 'hex'] as const) keep('wrapping secret', bytes.toString(form));
});
afterAll(async () => {
  await h.close();
  await sink.close();
});

function keep(what: string, value: string): string {
  expect(value, what).toBeTypeOf('string');
  canaries.set(`${what} ${canaries.size}`, value);
  return value;
}

function keepTokens(what: string, body: Record<string, string>): void {
  for (const name of ['accessToken', 'refreshToken', 'deviceToken', 'challenge', 'caseToken', 'receiptToken']) {
    if (body[name] !== undefined) keep(`${what}: ${name}`, body[name]);
  }
}

const newPassword = (what: string) => keep(what, `canary ${randomBytes(12).toString('hex')}`);

/** A wallet's whole life, with what is wrong beside what is right. */
async function live(): Promise<void> {
  const email = someEmail();
  const password = newPassword('password');
  const wrong = newPassword('wrong password');
  const key = keep('api key', await newApiKey(h));
  const agent = await newAgent(h, 'admin');
  for (const [what, value] of [
    ['agent password', agent.password],
    ['agent totp secret', agent.totpSecret],
    ['agent token', agent.accessToken],
    ['agent refresh', agent.refreshToken],
  ] as const)
    keep(what, value);

  await h.post('/v1/auth/sign-up', { email, password });
  const confirmation = keep('confirmation', tokenIn((await h.mails(email))[0], 'confirm'));
  await h.post('/v1/auth/email-confirmation', { token: confirmation });
  await signIn(h, email, { password: wrong });
  const owner = await signIn(h, email, { password });
  keepTokens('sign-in', owner);
  const refreshed = (await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body;
  keepTokens('refresh', refreshed);
  const token = refreshed.accessToken;

  const { secret: totpSecret } = (await h.post('/v1/me/totp', undefined, { token })).body;
  keep('totp secret', totpSecret);
  const code = keep('totp code', totpCode(totpSecret, h.clock.now()));
  await h.post('/v1/me/totp/confirm', { code: '000001' }, { token });
  const { recoveryCodes } = (await h.post('/v1/me/totp/confirm', { code }, { token })).body;
  for (const each of recoveryCodes) keep('recovery code', each);
  await strengthen(h, token);
  h.clock.advance(30_000);
  const challenged = await signIn(h, email, { password });
  keepTokens('challenge', challenged);
  const { challenge } = challenged;
  await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code });
  const next = keep('totp code', totpCode(totpSecret, h.clock.now()));
  keepTokens('second step', (await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code: next })).body);
  await signIn(h, email, { password, code: recoveryCodes[0] });
  await pay(key, token, { accountId: owner.accountId, totpSecret });
  await h.post('/v1/server/sessions/introspect', { token }, { token: key, headers: { 'idempotency-key': 'canary-1' } });
  const made = { email: someEmail(), password: newPassword('password by host') };
  await h.post('/v1/server/accounts', made, { token: key, headers: { 'idempotency-key': 'canary-2' } });
  const again = await h.post('/v1/me/recovery-codes', { code: recoveryCodes[1] }, { token });
  for (const each of again.body.recoveryCodes) keep('recovery code', each);

  const newEmail = someEmail();
  const newPhone = '+4915112345678';
  await h.post('/v1/me/email-change', { newEmail, code: again.body.recoveryCodes[7] }, { token });
  await h.post('/v1/me/phone-change', { newPhone, code: again.body.recoveryCodes[8] }, { token });
  const texted = /\d{6}/.exec((await h.mails(newPhone))[0]?.text ?? '')?.[0] as string;
  keep('phone code', texted);
  await h.post('/v1/me/phone-change/confirm', { code: texted }, { token });
  const address = keep('new address token', await mailedToken(h, newEmail, 'confirm-address'));
  await h.post('/v1/me/email-change/confirm', { token: address }, { token });
  keep('undo token', await mailedToken(h, email, 'undo'));
  // Back, so that the rest of this life goes on by the same address.
  await h.post('/v1/me/email-change', { newEmail: email, code: again.body.recoveryCodes[9] }, { token });
  const back = keep('new address token', await mailedToken(h, email, 'confirm-address'));
  await h.post('/v1/me/email-change/confirm', { token: back }, { token });

  await h.post('/v1/auth/password-reset', { identifier: email });
  const reset = keep('reset token', await mailedToken(h, email, 'reset'));
  const changed = newPassword('new password');
  await h.post('/v1/auth/password-reset/confirm', { token: reset, newPassword: changed });
  await h.post('/v1/auth/password-reset/confirm', { token: reset, newPassword: changed, code: '000001' });
  await h.post('/v1/auth/password-reset/confirm', {
    token: reset,
    newPassword: changed,
    code: again.body.recoveryCodes[0],
  });
  for (let guess = 0; guess < 5; guess++) await signIn(h, email, { password: wrong });
  const unlock = keep('unlock token', await mailedToken(h, email, 'unlock'));
  keepTokens('unlock', (await h.post('/v1/auth/link/use', { token: unlock, confirm: true })).body);

  const other = someEmail();
  await h.post('/v1/server/accounts', { email: other, password, emailConfirmed: true }, { token: key });
  keepTokens('other', await signIn(h, other, { password }));
  await h.get(`/v1/agent/accounts?q=${other}`, agent.accessToken);
  await h.post('/v1/agent/auth/sign-in', { email: agent.email, password: agent.password, code: '000001' });
  await h.post('/v1/auth/report', { identifier: other, kind: 'scam', message: 'Help', contact: 'me' });
  const reported = keep('report token', await mailedToken(h, other, 'report'));
  await h.post('/v1/auth/link', { token: reported });
  await h.post('/v1/auth/link/use', { token: reported, confirm: true });
  const freezing = keep('freeze token', await freezeLink(other, password));
  await h.post('/v1/auth/link', { token: freezing });
  await h.post('/v1/auth/link/use', { token: freezing, confirm: true });
  const caseLink = keep('case token', await mailedToken(h, other, 'case'));
  const access = (await h.post('/v1/auth/case-access', { token: caseLink })).body;
  keepTokens('case access', access);
  await h.post('/v1/me/cases', {}, { token: access.caseToken });
  keepTokens('held', await signIn(h, other, { password }));
  await holdPasskey(password);
  const changing = await newAccount(h, { password });
  const holder = await signIn(h, changing.email, { password });
  const chosen = newPassword('changed password');
  for (const currentPassword of [wrong, password]) {
    const body = { currentPassword, newPassword: chosen };
    await h.call('PUT', '/v1/me/password', { body, token: holder.accessToken });
  }
  const require = `/v1/agent/accounts/${changing.accountId}/require-password-reset`;
  await h.post(require, { note: 'Phished' }, { token: agent.accessToken });
  await signIn(h, changing.email, { password: chosen });
  keep('required reset token', await mailedToken(h, changing.email, 'reset'));
  const lost = await newScheduled(h, { agent, lead: await newAgent(h, 'lead') }, { password });
  for (const token of [lost.accessToken, lost.refreshToken, lost.deviceToken])
    keep('token of who lost a factor', token);
  const veto = keep('veto token', await mailedToken(h, lost.email, 'veto'));
  await h.post('/v1/auth/link', { token: veto });
  await h.post('/v1/auth/link/use', { token: veto, confirm: true });
  const byText = await prepareTexted(h);
  const { challenge: texting } = byText;
  keep('challenge', texting);
  await h.post('/v1/auth/second-factor/send', { challenge: texting, factor: 'sms' });
  const sms = keep('sms code', /^\d{6}/.exec((await h.mails(byText.phone))[0]?.text ?? '')?.[0] as string);
  keepTokens('texted', (await h.post('/v1/auth/second-factor', { challenge: texting, factor: 'sms', code: sms })).body);
  const stepping = { password: PASSWORD, code: totpCode(byText.secret, h.clock.now()) };
  keepTokens('step-up', (await h.post('/v1/me/step-up', stepping, { token: byText.accessToken })).body);
  // What is sent to the wrong door, in the wrong form, and in a field for something else.
  await h.post('/v1/auth/sign-in', { identifier: wrong, password: wrong, [wrong]: 1 });
  await h.post('/v1/auth/sign-in', `{"identifier":"${email}","password":"${wrong}"`);
  await h.get('/v1/me', key);
  await h.get('/v1/agent/cases', token);
  await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken });
  await clearDoubt(password);
  await enrolStaff();
  await h.mails();
}

/** A payment that its payer confirms, first with a wrong code, and whose grant is used twice. */
async function pay(key: string, token: string, { accountId, totpSecret }: { accountId: string; totpSecret: string }) {
  const deed = { amount: '12.50', currency: 'EUR', payee: { id: 'shop' } };
  const { grantId } = (await h.post('/v1/me/grants', { action: 'payment', ...deed }, { token })).body;
  h.clock.advance(30_000);
  await h.post(`/v1/me/grants/${grantId}/confirm`, { code: '000002' }, { token });
  const code = keep('totp code', totpCode(totpSecret, h.clock.now()));
  const { grant } = (await h.post(`/v1/me/grants/${grantId}/confirm`, { code }, { token })).body;
  keep('grant', grant);
  for (const transactionId of ['canary-3', 'canary-4']) {
    const call = { token: key, headers: { 'idempotency-key': transactionId } };
    await h.post('/v1/server/transactions', { transactionId, accountId, kind: 'payment', ...deed, grant }, call);
  }
}

/** A colleague from being let in by two admins to a second way in, after a reset: each with one wrong code. */
async function enrolStaff() {
  const admins = [await newAgent(h, 'admin'), await newAgent(h, 'admin')] as const;
  const { agentId, email, token } = await newInvited(h, admins);
  const enrolTwice = async (mailed: string) => {
    keep('agent enrolment token', mailed);
    const password = newPassword('agent password');
    const { secret } = (await startEnrolment(h, mailed, password)).body;
    keep('agent totp secret', secret);
    await confirmEnrolment(h, mailed, '000004');
    await confirmEnrolment(h, mailed, totpCode(secret, h.clock.now()));
  };
  await enrolTwice(token);
  await agreed(h, admins, await staffPost(h, admins[0], `/${agentId}/reset`));
  await enrolTwice(await enrolmentTokenFor(h, email));
  keep('agent enrolment token', (await newInvited(h, admins)).token);
}

/** A sign-in after strangers locked the door: its mailed code, one that is wrong included. */
async function clearDoubt(password: string) {
  const { email } = await newAccount(h, { password });
  for (let guess = 0; guess < 5; guess++) await signIn(h, email, { password: newPassword('guess') });
  h.clock.advance(15 * 60_000);
  const { challenge } = await signIn(h, email, { password });
  keep('challenge', challenge);
  await h.post('/v1/auth/second-factor/send', { challenge, factor: 'email-code' });
  const code = keep('mailed code', (await mailedCode(h, email)) as string);
  for (const typed of ['000003', code]) {
    const answer = await h.post('/v1/auth/second-factor', { challenge, factor: 'email-code', code: typed });
    keepTokens('mailed', answer.body);
  }
}

/** A passkey from its making to a sign-in with it alone, one that is wrong included. */
async function holdPasskey(password: string) {
  const { email } = await newAccount(h, { password });
  const token = (await signIn(h, email, { password })).accessToken;
  const asked = (await h.post('/v1/me/passkeys/options', undefined, { token })).body;
  const authenticator = newAuthenticator(originOf(h));
  const made = await h.post('/v1/me/passkeys', { credential: authenticator.create(asked) }, { token });
  for (const each of made.body.recoveryCodes) keep('recovery code', each);
  for (const wrong of [{ hasAlteredSignature: true }, {}]) {
    const options = (await h.post('/v1/auth/passkey/options')).body;
    const credential = authenticator.get(options, wrong);
    keepTokens('passkey', (await h.post('/v1/auth/passkey', { credential })).body);
    for (const { challenge } of [asked, options]) {
      keep('passkey challenge', challenge);
      keep('passkey challenge', Buffer.from(challenge, 'base64url').toString('hex'));
    }
    keep('passkey signature', credential.response.signature);
  }
}

async function freezeLink(email: string, password: string): Promise<string> {
  await signIn(h, email, { password });
  return await mailedToken(h, email, 'freeze');
}

/** Every way in which a value could lie in a column of text, JSON or bytes. */
function formsOf(value: string): string[] {
  const bare = value.replace(/^(hf_\w{2}_|whsec_)/, '');
  const bytes = Buffer.from(value);
  return [value, bare, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
}

function expectNone(text: string, where: string): void {
  for (const [what, value] of canaries) {
    // Six digits turn up by chance in times and ids: they must not stand alone.
    const isShort = /^\d{6}$/.test(value);
    for (const form of isShort ? [value] : formsOf(value)) {
      const isFound = isShort ? new RegExp(`(?<![\\w.-])${form}(?![\\w.-])`).test(text) : text.includes(form);
      expect(isFound, `${what} in ${where}`).toBe(false);
    }
  }
}

describe('V16.2.5 V14.2.1 a secret', () => {
  beforeAll(live);

  it('was driven through all of it', () => {
    const kinds = new Set([...canaries.keys()].map((name) => name.replace(/ \d+$/, '')));
    expect([...kinds]).toEqual(
      expect.arrayContaining([
        'second step: accessToken',
        'held: caseToken',
        'unlock: deviceToken',
        'passkey: accessToken',
        'mailed: accessToken',
      ]),
    );
    expect(canaries.size).toBeGreaterThan(45);
    expect(lines.length).toBeGreaterThan(30);
    expect(sink.received.length).toBeGreaterThan(0);
  });

  it('stands in no line of the log', () => {
    expectNone(lines.join('\n'), 'the log');
  });

  it('stands in no column of the database', async () => {
    const tables = await h.pool.query("select tablename from pg_tables where schemaname = 'public'");
    for (const { tablename } of tables.rows) {
      const { rows } = await h.pool.query(`select row_to_json(t)::text as row from ${tablename} t`);
      expectNone(rows.map(({ row }) => row).join('\n'), tablename);
    }
  });

  it('stands in no ticket', () => {
    expectNone(sink.received.map(({ text, headers }) => text + JSON.stringify(headers)).join('\n'), 'a webhook');
  });

  it('would be found: the search sees what does lie there', async () => {
    const { rows } = await h.pool.query('select row_to_json(t)::text as row from accounts t');
    expect(rows.map(({ row }) => row).join('\n')).toContain('@example.com');
    canaries.set('planted', 'hf_xx_planted-in-a-line');
    expect(() => expectNone('…planted-in-a-line…', 'here')).toThrow('planted in here');
    canaries.delete('planted');
  });
});
