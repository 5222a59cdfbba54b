import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, openHarness, someEmail } from './support/harness.ts';
import { count, enrol, mailedToken, newSignedIn, type SignedIn, signIn } from './support/seed.ts';

const DAY = 24 * 60 * 60_000;
let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const add = (owner: SignedIn, email: string, extra: object = {}) =>
  h.post('/v1/me/notice-addresses', { email, ...extra }, { token: owner.accessToken });
const confirm = (owner: SignedIn, token: string) =>
  h.post('/v1/me/notice-addresses/confirm', { token }, { token: owner.accessToken });
const remove = (owner: SignedIn, id: string, body: object = {}) =>
  h.call('DELETE', `/v1/me/notice-addresses/${id}`, { body, token: owner.accessToken });
const list = async (owner: SignedIn) => (await h.get('/v1/me/notice-addresses', owner.accessToken)).body.items;
const subjects = async (email: string) => (await h.mails(email)).map(({ subject }) => subject);

async function added(owner: SignedIn): Promise<{ id: string; email: string }> {
  const email = someEmail();
  const { id } = (await add(owner, email)).body;
  expect((await confirm(owner, await mailedToken(h, email, 'confirm-notice-address'))).status).toBe(204);
  // What tells of it is sent before anything else happens.
  await h.mails();
  return { id, email };
}

describe('notice addresses', () => {
  it('V6.3.7 NB-N1 NB-R3 get every notice once confirmed, each with a freeze link of its own', async () => {
    const owner = await newSignedIn(h);
    const waiting = someEmail();
    await add(owner, waiting);
    const [one, two] = [await added(owner), await added(owner)];
    expect(await list(owner)).toMatchObject([
      { email: waiting, confirmed: false },
      { email: one.email, confirmed: true },
      { email: two.email, confirmed: true },
    ]);
    expect((await subjects(owner.email)).filter((subject) => subject.includes('address was added'))).toHaveLength(2);
    await signIn(h, owner.email);
    const tokens = await Promise.all([owner, one, two].map(({ email }) => mailedToken(h, email, 'freeze')));
    expect(new Set(tokens).size).toBe(3);
    expect(await subjects(waiting)).toHaveLength(1);
    expect((await signIn(h, one.email)).code).toBe('invalid-credentials');
    const pressed = await h.post('/v1/auth/link/use', { token: tokens[2], confirm: true });
    expect(pressed.body.hold.scope).toBe('all');
    for (const { email } of [owner, one, two]) expect((await subjects(email))[0]).toContain('frozen');
  });

  it('get no link that lets a browser in', async () => {
    const owner = await newSignedIn(h);
    const { email } = await added(owner);
    for (let guess = 0; guess < 5; guess++) await signIn(h, owner.email, { password: 'not the right one at all' });
    const [mail] = (await h.mails(email)).filter(({ subject }) => subject.includes('paused'));
    expect(mail?.text).toContain('/freeze#token=');
    expect(mail?.text).not.toContain('/unlock');
    expect(await mailedToken(h, owner.email, 'unlock')).toMatch(/^hf_ln_/);
  });

  it('are told of their removal, and of all else for the undo window', async () => {
    const owner = await newSignedIn(h);
    const { id, email } = await added(owner);
    h.clock.advance(1000);
    expect((await remove(owner, id)).status).toBe(204);
    expect((await remove(owner, id)).status).toBe(404);
    expect((await subjects(email))[0]).toContain('removed');
    expect((await subjects(owner.email))[0]).toContain('removed');
    const before = (await subjects(email)).length;
    await signIn(h, owner.email);
    expect(await subjects(email)).toHaveLength(before + 1);
    h.clock.advance(7 * DAY);
    await signIn(h, owner.email);
    expect(await subjects(email)).toHaveLength(before + 1);
  });

  it('V2.3.4 keep to their number when sixteen are added at once, and one is confirmed once', async () => {
    const owner = await newSignedIn(h);
    const limit = await openHarness({ policy: { 'limits.contactChangesPerAccount': 100 } });
    try {
      const other = await newSignedIn(limit);
      const answers = await Promise.all(
        Array.from({ length: 16 }, () =>
          limit.post('/v1/me/notice-addresses', { email: someEmail() }, { token: other.accessToken }),
        ),
      );
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(5);
      expect(answers.filter(({ body }) => body.errors?.[0].pointer === '/email')).toHaveLength(11);
    } finally {
      await limit.close();
    }
    const email = someEmail();
    await add(owner, email);
    const token = await mailedToken(h, email, 'confirm-notice-address');
    const confirmed = await Promise.all(Array.from({ length: 16 }, () => confirm(owner, token)));
    expect(confirmed.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(await count(h, 'events', owner.accountId, "type = 'notice-address.confirmed'")).toBe(1);
  });

  it('are refused twice, as the own address, and by strangers', async () => {
    const owner = await newSignedIn(h);
    const stranger = await newSignedIn(h);
    const { id, email } = await added(owner);
    for (const again of [email.toUpperCase(), owner.email]) {
      expect((await add(owner, again)).body.errors).toMatchObject([{ pointer: '/email' }]);
    }
    expect((await remove(stranger, id)).status).toBe(404);
    const waiting = someEmail();
    await add(owner, waiting);
    const token = await mailedToken(h, waiting, 'confirm-notice-address');
    expect((await confirm(stranger, token)).body.code).toBe('invalid-token');
    expect((await confirm(owner, token)).status).toBe(204);
    expect((await h.get('/v1/me/notice-addresses')).status).toBe(401);
  });

  it('V7.5.1 need a fresh sign-in and the second factor to be changed', async () => {
    const owner = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    expect((await add(owner, someEmail())).body.code).toBe('second-factor-required');
    const { body } = await add(owner, someEmail(), { code: recoveryCodes[0] });
    expect((await remove(owner, body.id)).body.code).toBe('second-factor-required');
    expect((await remove(owner, body.id, { code: recoveryCodes[1] })).status).toBe(204);
    h.clock.advance(16 * 60_000);
    const { accessToken } = (await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body;
    expect((await add({ ...owner, accessToken }, someEmail())).body.code).toBe('insufficient-authentication');
  });

  it('that a thief added or removed are put right by the undo of the change that came with it', async () => {
    const owner = await newSignedIn(h);
    const own = await added(owner);
    h.clock.advance(13 * 60 * 60_000);
    const thief = { ...owner, ...(await signIn(h, owner.email)) };
    const to = someEmail();
    await h.post('/v1/me/email-change', { newEmail: to }, { token: thief.accessToken });
    const thieves = await added(thief);
    h.clock.advance(1000);
    await remove(thief, own.id);
    const token = await mailedToken(h, to, 'confirm-address');
    await h.post('/v1/me/email-change/confirm', { token }, { token: thief.accessToken });
    const undo = await mailedToken(h, own.email, 'undo');
    expect((await h.post('/v1/auth/link/use', { token: undo, confirm: true })).status).toBe(200);
    const { rows } = await h.pool.query('select email, removed_at from notice_addresses where account_id = $1', [
      owner.accountId,
    ]);
    expect(rows).toEqual([{ email: own.email, removed_at: null }]);
    expect((await subjects(thieves.email))[0]).not.toContain('frozen');
  });
});
