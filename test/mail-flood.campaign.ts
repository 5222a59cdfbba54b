import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Harness, newOwner, openHarness, PASSWORD, someEmail } from './support/harness.ts';

const REQUESTS = 1000;
const AT_ONCE = 50;

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const wrong = 'a wrong password';

/** Every request by which a stranger can make us write to somebody, and how many mails a thousand of them cause at most. */
const kinds: Record<string, { most: number; ask(victim: string): Promise<Answer> }> = {
  'sign-up': { most: 3, ask: (email) => h.post('/v1/auth/sign-up', { email, password: PASSWORD }) },
  reset: { most: 3, ask: (identifier) => h.post('/v1/auth/password-reset', { identifier }) },
  'sign-in': { most: 1, ask: (identifier) => h.post('/v1/auth/sign-in', { identifier, password: wrong }) },
  'one-shot sign-in': {
    most: 1,
    ask: (identifier) => h.post('/v1/auth/sign-in', { identifier, password: wrong, code: '123456' }),
  },
  'case access': { most: 1, ask: (identifier) => h.post('/v1/auth/case-access', { identifier, password: wrong }) },
};

async function flood(ask: (n: number) => Promise<Answer>, times = REQUESTS): Promise<void> {
  for (let n = 0; n < times; n += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, place) => ask(n + place)));
  }
}

/** However an address is written, it is one mailbox. */
const spelt = (email: string, n: number) => [email, email.toUpperCase(), ` ${email}`][n % 3] as string;

async function mailsTo(mailbox: string): Promise<number> {
  const all = await h.mails();
  return all.filter(({ to }) => to.toLowerCase().replace(/\+[^@]*/, '') === mailbox).length;
}

describe('OW-FP3 a thousand requests about one victim', () => {
  it.each(Object.entries(kinds))(
    'by %s cause a handful of mails',
    { timeout: 120_000 },
    async (name, { most, ask }) => {
      const { email } = await newOwner(h);
      const before = await mailsTo(email);
      await flood((n) => ask(name === 'sign-up' ? email : spelt(email, n)));
      const caused = (await mailsTo(email)) - before;
      expect(caused).toBeGreaterThan(0);
      expect(caused).toBeLessThanOrEqual(most);
    },
  );

  it('who has no account here cause three mails at most by sign-up, and none else', { timeout: 120_000 }, async () => {
    const email = someEmail();
    await flood(
      (n) => h.post('/v1/auth/sign-up', { email: n % 2 ? email : email.toUpperCase(), password: PASSWORD }),
      200,
    );
    for (const [name, { ask }] of Object.entries(kinds)) if (name !== 'sign-up') await flood(() => ask(email), 50);
    // Of wishes that replace each other at once the one mailed may be gone by then: three at most, and perhaps none.
    expect(await mailsTo(email)).toBeLessThanOrEqual(3);
  });

  it('count together for all tags of one mailbox', async () => {
    const email = someEmail();
    await flood((n) => h.post('/v1/auth/sign-up', { email: email.replace('@', `+${n}@`), password: PASSWORD }), 50);
    expect(await mailsTo(email)).toBe(3);
  });
});

it('one request causes one mail to a stranger’s address at most', async () => {
  const { email } = await newOwner(h);
  for (const address of [email, someEmail()]) {
    for (const { ask } of Object.values(kinds)) {
      const before = (await h.mails()).length;
      await ask(address);
      expect((await h.mails()).length - before).toBeLessThanOrEqual(1);
    }
  }
});
