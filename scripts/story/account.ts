import { randomBytes } from 'node:crypto';
import { Authenticator } from './authenticator.ts';
import { type Call, expectEqual, expectStatus } from './call.ts';
import { awaitMail, tokenIn } from './inbox.ts';
import type { Teller } from './tell.ts';

const GUESSES = 5;

/** The account of the story, as its owner knows it by the end of this part. */
export type Owner = {
  email: string;
  password: string;
  accountId: string;
  accessToken: string;
  refreshToken: string;
  recoveryCodes: string[];
};

const newPassword = () => `a story of ${randomBytes(9).toString('base64url')}`;

/** From the sign-up to an account with two factors that was locked by a stranger and won back by mail. */
export async function openAccount(call: Call, { step }: Teller): Promise<Owner> {
  const email = `owner-${randomBytes(5).toString('hex')}@example.com`;
  const firstPassword = newPassword();
  const password = newPassword();
  let token = '';
  let session = { accountId: '', accessToken: '', refreshToken: '' };
  let authenticator = new Authenticator('');
  let recoveryCodes: string[] = [];

  await step('owner', 'signs up', async () => {
    expectStatus(await call('POST', '/v1/auth/sign-up', { body: { email, password: firstPassword } }), 202);
    return email;
  });
  await step('owner', 'finds the mail with the confirmation', async () => {
    const mail = await awaitMail(call, email, 'a link to confirm', (each) => tokenIn(each, 'confirm') !== undefined);
    token = tokenIn(mail, 'confirm') ?? '';
    return `“${mail.subject}”`;
  });
  await step('owner', 'confirms the address', async () => {
    expectStatus(await call('POST', '/v1/auth/email-confirmation', { body: { token } }), 204);
    return 'the account exists';
  });
  await step('owner', 'signs in', async () => {
    const body = { identifier: email, password: firstPassword };
    session = expectStatus(await call('POST', '/v1/auth/sign-in', { body }), 200).body;
    return 'with a password alone';
  });
  await step('owner', 'enrols an authenticator', async () => {
    const { accessToken } = session;
    const enrolment = expectStatus(await call('POST', '/v1/me/totp', { token: accessToken }), 201).body;
    authenticator = new Authenticator(enrolment.secret);
    const body = { code: await authenticator.nextCode() };
    const confirmed = expectStatus(await call('POST', '/v1/me/totp/confirm', { token: accessToken, body }), 200);
    recoveryCodes = confirmed.body.recoveryCodes;
    expectEqual('recovery codes', recoveryCodes.length, 10);
    return '10 recovery codes';
  });
  await step('owner', 'signs out', async () => {
    expectStatus(await call('POST', '/v1/auth/sign-out', { token: session.accessToken }), 204);
    expectStatus(await call('GET', '/v1/me', { token: session.accessToken }), 401, 'unauthorized');
    return 'the session is gone';
  });

  await step('thief', `guesses ${GUESSES} passwords`, async () => {
    for (let guess = 0; guess < GUESSES; guess += 1) {
      const body = { identifier: email, password: newPassword() };
      expectStatus(await call('POST', '/v1/auth/sign-in', { body }), 401, 'invalid-credentials');
    }
    const body = { identifier: email, password: firstPassword };
    expectStatus(await call('POST', '/v1/auth/sign-in', { body }), 429, 'too-many-attempts');
    return 'locked, also for the right one';
  });
  await step('owner', 'asks for a reset and finds the mail', async () => {
    expectStatus(await call('POST', '/v1/auth/password-reset', { body: { identifier: email } }), 202);
    const mail = await awaitMail(call, email, 'a link to reset', (each) => tokenIn(each, 'reset') !== undefined);
    token = tokenIn(mail, 'reset') ?? '';
    return `“${mail.subject}”`;
  });
  await step('owner', 'sets a new password', async () => {
    const wanted = { token, newPassword: password };
    const bare = await call('POST', '/v1/auth/password-reset/confirm', { body: wanted });
    expectStatus(bare, 401, 'second-factor-required');
    const body = { ...wanted, code: await authenticator.nextCode() };
    expectStatus(await call('POST', '/v1/auth/password-reset/confirm', { body }), 204);
    return 'the mail alone was not enough';
  });
  await step('owner', 'signs in with both factors', async () => {
    const body = { identifier: email, password };
    const challenged = expectStatus(await call('POST', '/v1/auth/sign-in', { body }), 200).body;
    expectEqual('the first step', challenged.status, 'second-factor-required');
    const code = recoveryCodes.shift();
    const second = { challenge: challenged.challenge, factor: 'recovery-code', code };
    session = expectStatus(await call('POST', '/v1/auth/second-factor', { body: second }), 200).body;
    return 'the second was a recovery code';
  });

  const { accountId, accessToken, refreshToken } = session;
  return { email, password, accountId, accessToken, refreshToken, recoveryCodes };
}
