import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, newOwner, type Owner, openHarness, PASSWORD, someEmail } from './support/harness.ts';
import { hostKey, mailedToken, newSignedIn, signIn } from './support/seed.ts';

const NEW_PASSWORD = 'seven purple clouds over lima';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const press = (token: string) => h.post('/v1/auth/link/use', { token, confirm: true });
const contactsOf = async (token: string) => (await h.get('/v1/me/contacts', token)).body;

async function askForAddress(token: string): Promise<{ to: string; confirmation: string }> {
  const to = someEmail();
  await h.post('/v1/me/email-change', { newEmail: to }, { token });
  return { to, confirmation: await mailedToken(h, to, 'confirm-address') };
}

async function addNotice(token: string): Promise<string> {
  const email = someEmail();
  await h.post('/v1/me/notice-addresses', { email }, { token });
  const confirmation = await mailedToken(h, email, 'confirm-notice-address');
  expect((await h.post('/v1/me/notice-addresses/confirm', { token: confirmation }, { token })).status).toBe(204);
  return email;
}

const caseMails = async (to: string) => (await h.mails(to)).filter(({ text }) => text.includes('/case#token='));

describe('a change of contact that a thief asked for', () => {
  const answers: [name: string, answer: (owner: Owner) => Promise<unknown>][] = [
    [
      'a new password',
      ({ accessToken: token }) =>
        h.call('PUT', '/v1/me/password', { body: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }, token }),
    ],
    ['the end of other sessions', ({ accessToken: token }) => h.post('/v1/me/sessions/revoke-others', {}, { token })],
  ];
  it.each(answers)('V7.4.3 waits no more after %s', async (_name, answer) => {
    const owner = await newOwner(h);
    const { confirmation } = await askForAddress((await signIn(h, owner.email)).accessToken);
    expect((await contactsOf(owner.accessToken)).waiting).toHaveLength(1);
    await answer(owner);
    const confirmed = await h.post(
      '/v1/me/email-change/confirm',
      { token: confirmation },
      { token: owner.accessToken },
    );
    expect(confirmed.body.code).toBe('invalid-token');
    expect(await contactsOf(owner.accessToken)).toMatchObject({ email: owner.email, waiting: [] });
  });
});

describe('a notice address that a thief added', () => {
  it('V6.3.7 gets no way into the case of the freeze that follows', async () => {
    const owner = await newSignedIn(h);
    const known = await addNotice(owner.accessToken);
    h.clock.advance(8 * DAY);
    const added = await addNotice((await signIn(h, owner.email)).accessToken);
    await press(await mailedToken(h, owner.email, 'freeze'));
    expect(await caseMails(owner.email)).toHaveLength(1);
    expect(await caseMails(known)).toHaveLength(1);
    expect((await h.mails(added))[0]?.subject).toContain('frozen');
    expect(await caseMails(added)).toEqual([]);
  });

  it('V6.3.7 goes with the change that came after it, and is told so', async () => {
    const owner = await newSignedIn(h);
    const known = await addNotice(owner.accessToken);
    h.clock.advance(8 * DAY);
    const { accessToken } = await signIn(h, owner.email);
    const added = await addNotice(accessToken);
    h.clock.advance(MINUTE);
    const { confirmation } = await askForAddress(accessToken);
    await h.post('/v1/me/email-change/confirm', { token: confirmation }, { token: accessToken });
    expect((await press(await mailedToken(h, owner.email, 'undo'))).status).toBe(200);
    const { rows } = await h.pool.query('select email from notice_addresses where account_id = $1', [owner.accountId]);
    expect(rows).toEqual([{ email: known }]);
    const [last] = await h.mails(added);
    expect(last?.subject).toContain('undone');
    expect((await h.mails(known)).some(({ subject }) => subject.includes('frozen'))).toBe(true);
    expect((await h.mails(added)).some(({ subject }) => subject.includes('frozen'))).toBe(false);
  });
});

describe('guesses at the password by a stolen session', () => {
  it('V6.3.1 are counted by the address that signs in now, not by one from before', async () => {
    const owner = await newSignedIn(h);
    const { to, confirmation } = await askForAddress(owner.accessToken);
    await h.post('/v1/me/email-change/confirm', { token: confirmation }, { token: owner.accessToken });
    await h.pool.query('delete from devices where account_id = $1', [owner.accountId]);
    for (let guess = 0; guess < 5; guess += 1) {
      const body = { currentPassword: `wrong number ${guess} of the thief`, newPassword: NEW_PASSWORD };
      expect((await h.call('PUT', '/v1/me/password', { body, token: owner.accessToken })).status).toBe(401);
    }
    const answer = await h.post('/v1/auth/sign-in', { identifier: to, password: PASSWORD });
    expect(answer.body.code).toBe('too-many-attempts');
  });
});

describe('odd input', () => {
  it.each(['fe80::1%eth0', '::ffff:192.0.2.1%x'])('an agent who searches for %s finds nothing', async (query) => {
    const { accessToken } = await newAgent(h);
    const { status, body } = await h.get(`/v1/agent/accounts?q=${encodeURIComponent(query)}`, accessToken);
    expect({ status, items: body.items }).toEqual({ status: 200, items: [] });
  });

  const text = (bytes: number) => Buffer.alloc(bytes, 1).toString('base64').replace(/=+$/, '');
  it.each([
    ['PBKDF2 past 2.5 million iterations of SHA-512', `$pbkdf2-sha512$i=2500001,l=64$c2FsdHNhbHQ$${text(64)}`],
    ['PBKDF2 past 2.5 million iterations of SHA-384', `$pbkdf2-sha384$i=2500001,l=48$c2FsdHNhbHQ$${text(48)}`],
    ['PBKDF2 of two SHA-512 blocks', `$pbkdf2-sha512$i=2000000,l=128$c2FsdHNhbHQ$${text(128)}`],
    ['PBKDF2 of six SHA-1 blocks', `$pbkdf2-sha1$i=2000000,l=120$c2FsdHNhbHQ$${text(120)}`],
    ['scrypt of four million tiny lanes', `$scrypt$ln=1,r=1,p=4194303$c2FsdHNhbHQ$${text(32)}`],
    ['scrypt of a few huge lanes', `$scrypt$ln=1,r=65536,p=64$c2FsdHNhbHQ$${text(32)}`],
  ])(
    'V15.2.2 a hash that would hold a thread or memory for long is not taken over: %s',
    async (_name, passwordHash) => {
      const account = { email: someEmail(), passwordHash };
      const { status, body } = await h.post('/v1/server/accounts', account, { token: await hostKey(h) });
      expect(status).toBe(422);
      expect(body.errors[0]).toMatchObject({
        pointer: '/passwordHash',
        detail: expect.stringContaining('too expensive'),
      });
    },
  );
});
