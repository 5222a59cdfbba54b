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
