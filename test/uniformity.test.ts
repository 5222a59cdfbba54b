import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  enrolTotp,
  type Harness,
  newApiKey,
  newOwner,
  openHarness,
  PASSWORD,
  someEmail,
  tokenIn,
} from './support/harness.ts';

let h: Harness;
let apiKey: string;
beforeAll(async () => {
  h = await openHarness();
  apiKey = await newApiKey(h, ['accounts:write']);
});
afterAll(() => h.close());

type Kind = 'unknown' | 'known' | 'locked' | 'frozen' | 'enrolled' | 'disabled' | 'unconfirmed' | 'unconfirmed by host';

/** Addresses in every state an account can be in, as far as a stranger must not learn it. */
async function addresses(): Promise<Record<Kind, string>> {
  const [known, frozen, enrolled, disabled] = [
    await newOwner(h),
    await newOwner(h),
    await newOwner(h),
    await newOwner(h),
  ];
  await h.post('/v1/me/freeze', {}, { token: frozen.accessToken });
  await enrolTotp(h, enrolled);
  await h.pool.query('update passwords set disabled_at = now() where account_id = $1', [disabled.accountId]);
  const [unconfirmed, byHost] = [someEmail(), someEmail()];
  await h.post('/v1/auth/sign-up', { email: unconfirmed, password: PASSWORD });
  await h.post('/v1/server/accounts', { email: byHost, password: PASSWORD }, { token: apiKey });
  const locked = await newOwner(h);
  for (let n = 0; n < 5; n++) await h.post('/v1/auth/sign-in', { identifier: locked.email, password: 'wrong' });
  return {
    unknown: someEmail(),
    known: known.email,
    locked: locked.email,
    frozen: frozen.email,
    enrolled: enrolled.email,
    disabled: disabled.email,
    unconfirmed,
    'unconfirmed by host': byHost,
  };
}

const own = ['x-request-id', 'date'];

/** All of an answer that a caller can see, but for what names the request itself. */
function shown({ status, text, body, headers }: Answer): string {
  const id = body?.requestId as string | undefined;
  const rest = [...headers].filter(([name]) => !own.includes(name));
  return JSON.stringify([status, id ? text.replace(id, 'id') : text, rest]);
}

async function expectUniform(kinds: Kind[], ask: (email: string) => Promise<Answer>): Promise<Answer> {
  const all = await addresses();
  const answers = new Map<string, string>();
  let last: Answer | undefined;
  for (const kind of kinds) {
    last = await ask(all[kind]);
    answers.set(shown(last), kind);
  }
  expect([...answers.keys()], `differs: ${[...answers.values()].join(', ')}`).toHaveLength(1);
  return last as Answer;
}

const every: Kind[] = [
  'unknown',
  'known',
  'locked',
  'frozen',
  'enrolled',
  'disabled',
  'unconfirmed',
  'unconfirmed by host',
];
const unlocked = every.filter((kind) => kind !== 'locked');

describe('V6.3.8 OW-AU3 a stranger learns nothing about an address', () => {
  it('from sign-in with a wrong password', async () => {
    const { status } = await expectUniform(unlocked, (identifier) =>
      h.post('/v1/auth/sign-in', { identifier, password: 'a wrong password' }),
    );
    expect(status).toBe(401);
  });

  it('from one-shot sign-in with a wrong password', async () => {
    const { status } = await expectUniform(unlocked, (identifier) =>
      h.post('/v1/auth/sign-in', { identifier, password: 'a wrong password', code: '123456' }),
    );
    expect(status).toBe(401);
  });

  it('from being locked after five failures', async () => {
    const { status, headers } = await expectUniform(unlocked, async (identifier) => {
      for (let n = 0; n < 5; n++) await h.post('/v1/auth/sign-in', { identifier, password: 'a wrong password' });
      return await h.post('/v1/auth/sign-in', { identifier, password: PASSWORD });
    });
    expect([status, headers.get('retry-after')]).toEqual([429, '900']);
  });

  it('from sign-up', async () => {
    const { status, text } = await expectUniform(every, (email) =>
      h.post('/v1/auth/sign-up', { email, password: PASSWORD, username: 'anybody' }),
    );
    expect([status, text]).toEqual([202, '{}']);
  });

  it('OW-FP1 from asking for a reset', async () => {
    const { status, text } = await expectUniform(every, (identifier) =>
      h.post('/v1/auth/password-reset', { identifier }),
    );
    expect([status, text]).toEqual([202, '{}']);
  });

  it('from reporting without signing in, where only what is drawn anew differs', async () => {
    const { status, body } = await expectUniform(every, async (identifier) => {
      const said = { kind: 'takeover', message: 'Somebody is in there', contact: 'me' };
      const answer = await h.post('/v1/auth/report', { identifier, ...said });
      const { reference, receipt } = answer.body;
      const claims = Object.keys(decodeJwt(receipt)).join();
      const text = answer.text.replace(receipt, `${receipt.length} ${claims}`).replace(reference, 'HF-XXXX-XXXX');
      return { ...answer, text };
    });
    expect([status, Object.keys(body)]).toEqual([202, ['reference', 'receipt', 'respondBy']]);
  });

  it('from asking for access to its cases', async () => {
    const { status } = await expectUniform(unlocked, (identifier) =>
      h.post('/v1/auth/case-access', { identifier, password: 'a wrong password' }),
    );
    expect(status).toBe(401);
  });

  it('from tokens nobody was given', async () => {
    const token = 'hf_ln_nobody-was-ever-mailed-this-one';
    for (const [path, body] of [
      ['/v1/auth/email-confirmation', { token }],
      ['/v1/auth/password-reset/confirm', { token, newPassword: PASSWORD }],
      ['/v1/auth/link', { token }],
      ['/v1/auth/link/use', { token, confirm: true }],
    ] as const) {
      const answer = await h.post(path, body);
      expect([answer.status, answer.body.code], path).toEqual([400, 'invalid-token']);
    }
  });

  it('from one-shot access to its cases', async () => {
    const { status } = await expectUniform(unlocked, (identifier) =>
      h.post('/v1/auth/case-access', { identifier, password: 'a wrong password', code: '123456' }),
    );
    expect(status).toBe(401);
  });

  it.each(['/v1/auth/sign-in', '/v1/auth/case-access'])('from the lock at %s, which nobody has too', async (path) => {
    const { status } = await expectUniform(every, async (identifier) => {
      for (let n = 0; n < 5; n++) await h.post(path, { identifier, password: 'a wrong password' });
      return await h.post(path, { identifier, password: 'a wrong password' });
    });
    expect(status).toBe(429);
  });

  it.each(['case', 'blanks', 'a composed letter'])('from an identifier written with other %s', async (how) => {
    const write: Record<string, (email: string) => string> = {
      case: (email) => email.toUpperCase(),
      blanks: (email) => ` ${email}\t`,
      'a composed letter': (email) => email.normalize('NFD'),
    };
    const written = (email: string) => (write[how] as (email: string) => string)(email);
    const wrong = 'a wrong password';
    await expectUniform(unlocked, (email) =>
      h.post('/v1/auth/sign-in', { identifier: written(email), password: wrong }),
    );
    await expectUniform(unlocked, (email) =>
      h.post('/v1/auth/case-access', { identifier: written(email), password: wrong }),
    );
    await expectUniform(every, (email) => h.post('/v1/auth/password-reset', { identifier: written(email) }));
    await expectUniform(every, (email) => h.post('/v1/auth/sign-up', { email: written(email), password: PASSWORD }));
  });

  it('from a token that was used, replaced or is of a frozen account, against one nobody was given', async () => {
    const owner = await newOwner(h);
    const email = someEmail();
    await h.post('/v1/auth/sign-up', { email, password: PASSWORD });
    const used = tokenIn((await h.mails(email))[0], 'confirm');
    await h.post('/v1/auth/email-confirmation', { token: used });
    const twice = someEmail();
    await h.post('/v1/auth/sign-up', { email: twice, password: PASSWORD });
    const replaced = tokenIn((await h.mails(twice))[0], 'confirm');
    await h.post('/v1/auth/sign-up', { email: twice, password: PASSWORD });
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const otherKind = tokenIn((await h.mails(owner.email))[0], 'reset');
    await h.post('/v1/me/freeze', {}, { token: owner.accessToken });
    const tokens = { nobodys: 'hf_ln_nobody-was-ever-mailed-this-one', used, replaced, otherKind };
    const answers = new Map<string, string>();
    for (const [name, token] of Object.entries(tokens)) {
      answers.set(shown(await h.post('/v1/auth/email-confirmation', { token })), name);
    }
    expect([...answers.values()], 'differs').toHaveLength(1);
  });

  it('from the frozen account whose password they guessed: it is told with the right password alone', async () => {
    const owner = await newOwner(h);
    await h.post('/v1/me/freeze', {}, { token: owner.accessToken });
    const wrong = await h.post('/v1/auth/sign-in', { identifier: owner.email, password: 'a wrong password' });
    expect(wrong.body).not.toHaveProperty('holds');
    const right = await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD });
    expect([right.status, right.body.code]).toEqual([403, 'account-held']);
    expect(right.body).toMatchObject({ holds: [{ scope: 'all' }], caseToken: expect.any(String) });
  });
});

describe('OW-AU4 how much is hashed does not tell', () => {
  /** How many slow hashes a refusal took. */
  async function hashesOf(body: object): Promise<number> {
    const { hasher } = h.instance.ctx;
    const { verify } = hasher;
    let count = 0;
    hasher.verify = (...given) => {
      count += 1;
      return verify(...given);
    };
    const { status } = await h.post('/v1/auth/sign-in', body);
    hasher.verify = verify;
    expect(status).toBe(401);
    return count;
  }

  it('a known address from an unknown one, nor a right password from a wrong one beside a wrong code', async () => {
    const [owner, locked] = [await newOwner(h), await newOwner(h)];
    await enrolTotp(h, owner);
    await enrolTotp(h, locked);
    for (let n = 0; n < 2; n++) {
      const { challenge } = (await h.post('/v1/auth/sign-in', { identifier: locked.email, password: PASSWORD })).body;
      const answer = { challenge, factor: 'totp', code: '000000' };
      for (let tries = 0; tries < 5; tries++) await h.post('/v1/auth/second-factor', answer);
    }
    for (const [code, hashes] of [
      [undefined, 1],
      ['000000', 1],
      ['0000-0000-0000-0000-0000', 2],
    ] as const) {
      const wrong = { password: 'a wrong password', ...(code ? { code } : {}) };
      expect(await hashesOf({ identifier: someEmail(), ...wrong }), `unknown, ${code}`).toBe(hashes);
      expect(await hashesOf({ identifier: owner.email, ...wrong }), `wrong password, ${code}`).toBe(hashes);
      if (code === undefined) continue;
      const right = { password: PASSWORD, code };
      expect(await hashesOf({ identifier: owner.email, ...right }), `wrong code, ${code}`).toBe(hashes);
      expect(await hashesOf({ identifier: locked.email, ...right }), `locked factor, ${code}`).toBe(hashes);
    }
  });
});
