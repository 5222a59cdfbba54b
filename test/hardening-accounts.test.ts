import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPolicy } from '../src/policy-file.ts';
import {
  type Answer,
  type Harness,
  newAgent,
  newOwner,
  openHarness,
  PASSWORD,
  someEmail,
  tokenIn,
} from './support/harness.ts';
import { holding, untilWaiting } from './support/races.ts';
import { count, hostKey } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const signIn = (identifier: string, extra: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier, password: PASSWORD, ...extra });
const signUp = (email: string) => h.post('/v1/auth/sign-up', { email, password: PASSWORD });
const countMails = async (email: string, subject: RegExp) =>
  (await h.mails(email)).filter((mail) => subject.test(mail.subject)).length;
const newDeviceMails = (email: string) => countMails(email, /^New device/);

describe('hole: strangers’ sign-ups silence the mails of a lock and a reset', () => {
  it('each kind of mail has a count of its own', async () => {
    const owner = await newOwner(h);
    for (let n = 0; n < 15; n++) await signUp(owner.email);
    expect(await countMails(owner.email, /already/i), 'sign-ups have a small one').toBe(3);
    for (let n = 0; n < 5; n++) await signIn(owner.email, { password: 'a wrong password' });
    expect(tokenIn((await h.mails(owner.email))[0], 'unlock')).toMatch(/^hf_ln_/);
    h.clock.advance(1_000);
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    expect(tokenIn((await h.mails(owner.email))[0], 'reset')).toMatch(/^hf_ln_/);
  });

  it('lock after lock is told', async () => {
    const owner = await newOwner(h);
    for (let lock = 1; lock <= 12; lock++) {
      for (let n = 0; n < 5; n++) await signIn(owner.email, { password: 'a wrong password' });
      // Sent before a day passes: a lease that ends meanwhile would be taken up again.
      await h.mails();
      h.clock.advance(86_400_000);
    }
    const told = (await h.mails(owner.email)).filter(({ text }) => text.includes('/unlock#token='));
    expect(told).toHaveLength(12);
  });
});

describe('hole: a sign-up and a confirmation of the same address wait for each other for ever', () => {
  it('the first one goes on, and no link outlives its sign-up', async () => {
    const email = someEmail();
    await signUp(email);
    const token = tokenIn((await h.mails(email))[0], 'confirm');
    const lock = 'select from sign_ups where email_key = $1 for update';
    const running = await holding(h, lock, [email], async () => {
      const again = signUp(email);
      await untilWaiting(h, 1);
      const late = h.post('/v1/auth/email-confirmation', { token });
      await untilWaiting(h, 2);
      return [again, late];
    });
    const [again, late] = (await Promise.all(running)) as [Answer, Answer];
    expect([again.status, late.body?.code]).toEqual([202, 'invalid-token']);
  });
});

describe('hole: a phone nobody confirmed is shown as the owner’s', () => {
  it('host and agents see that it is not', async () => {
    const owner = await newOwner(h, { phone: '+49301234567' });
    const { accessToken } = await newAgent(h);
    const seen = [
      (await h.get(`/v1/server/accounts/${owner.accountId}`, await hostKey(h))).body,
      (await h.get(`/v1/agent/accounts/${owner.accountId}`, accessToken)).body,
      (await h.get(`/v1/agent/accounts?q=${owner.email}`, accessToken)).body.items[0],
    ];
    for (const { phone, phoneConfirmed } of seen) {
      expect([phone === null, phoneConfirmed]).toEqual([false, false]);
    }
  });
});

describe('hole: keys that every object has pass for keys of the policy', () => {
  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('%s is no key', (name) => {
    expect(() => readPolicy(`${name}: 5\n`)).toThrow(`there is no key "${name}"`);
  });
});

describe('hole: a sign-in that is not committed outlives the end of all sessions', () => {
  it('the agent’s press waits for it and ends it too', async () => {
    const owner = await newOwner(h);
    const agent = await newAgent(h);
    const path = `/v1/agent/accounts/${owner.accountId}/revoke-sessions`;
    // The sign-in stops between its session and its event.
    const running = await holding(h, 'lock table events in exclusive mode', [], async () => {
      const signingIn = signIn(owner.email);
      await untilWaiting(h, 1);
      const revoking = h.post(path, { note: 'asked by phone' }, { token: agent.accessToken });
      await untilWaiting(h, 2);
      return [signingIn, revoking];
    });
    const [signedIn, revoked] = (await Promise.all(running)) as [Answer, Answer];
    expect([signedIn.status, revoked.status, revoked.body.ended]).toEqual([200, 200, 2]);
    expect((await h.get('/v1/me', signedIn.body.accessToken)).status).toBe(401);
  });
});

describe('hole: devices', () => {
  /** By two identifiers, so that no counter keeps them apart: both would make their device before either commits. */
  async function signInTwiceAtOnce(...names: [string, string]): Promise<void> {
    const running = await holding(h, 'lock table events in exclusive mode', [], async () => {
      const both = names.map((name) => signIn(name));
      await untilWaiting(h, 2);
      return both;
    });
    for (const { status } of await Promise.all(running)) expect(status).toBe(200);
  }

  it('two sign-ins at once do not pass the most there can be', async () => {
    const username = 'two-at-once';
    const owner = await newOwner(h, { username });
    for (let n = 0; n < 19; n++) {
      h.clock.advance(1_000);
      await signIn(owner.email);
    }
    expect(await count(h, 'devices', owner.accountId)).toBe(20);
    await signInTwiceAtOnce(owner.email, username);
    expect(await count(h, 'devices', owner.accountId)).toBe(20);
  });

  it('two first sign-ins at once are one first device and one to tell of', async () => {
    const email = someEmail();
    const username = 'first-at-once';
    const body = { email, username, password: PASSWORD, emailConfirmed: true };
    await h.post('/v1/server/accounts', body, { token: await hostKey(h) });
    await signInTwiceAtOnce(email, username);
    expect(await newDeviceMails(email)).toBe(1);
  });

  it('the next sign-in after a reset forgot them all is told of', async () => {
    const owner = await newOwner(h);
    expect(await newDeviceMails(owner.email)).toBe(0);
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const token = tokenIn((await h.mails(owner.email))[0], 'reset');
    const newPassword = 'another long enough sentence';
    expect((await h.post('/v1/auth/password-reset/confirm', { token, newPassword })).status).toBe(204);
    await signIn(owner.email, { password: newPassword });
    expect(await newDeviceMails(owner.email)).toBe(1);
  });
});
