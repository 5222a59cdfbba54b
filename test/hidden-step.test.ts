import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mailedCode, newEnrolled, newWithTotp, psd2, secondStep, send, type WithTotp } from './support/enrolling.ts';
import { type Answer, type Harness, newAgent, openHarness, PASSWORD, someEmail, totpCode } from './support/harness.ts';
import { count, freezeByAgent, hostKey, mailedToken, newAccount } from './support/seed.ts';

const WRONG = 'not the right one at all';
const NO_CODE = '0000-0000-0000-0000-0000';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { ...psd2, 'limits.mailPerRecipient': 100 } });
});
afterAll(() => h.close());

const codeOf = (owner: { secret: string }) => totpCode(owner.secret, h.clock.now());
const wrongCode = (owner: { secret: string }) => String((Number(codeOf(owner)) + 1) % 1_000_000).padStart(6, '0');

/** All of an answer that a caller can see, but for what is drawn anew for each. */
function shown({ status, text, body, headers }: Answer): string {
  const own = [body?.requestId, body?.challenge].filter((each) => each !== undefined) as string[];
  const rest = [...headers].filter(([name]) => !['x-request-id', 'date'].includes(name));
  return JSON.stringify([status, own.reduce((shorn, each) => shorn.replace(each, '…'), text), rest]);
}

type Who = { identifier: string; password: string };

/** Somebody in each state that a stranger must not learn, with the password that is tried on them. */
let people: Record<string, Who>;
beforeAll(async () => {
  const [tried, right, frozen, locked, disabled] = await Promise.all(Array.from({ length: 5 }, () => newWithTotp(h)));
  const [bare, other, unconfirmed] = [await newAccount(h), await newAccount(h), someEmail()];
  await freezeByAgent(h, await newAgent(h), (frozen as WithTotp).accountId);
  await h.pool.query('update passwords set disabled_at = now() where account_id = $1', [disabled?.accountId]);
  await h.post('/v1/auth/sign-up', { email: unconfirmed, password: PASSWORD });
  lockedOwner = locked as WithTotp;
  const by = (account: { email: string } | undefined, password: string) => ({
    identifier: account?.email ?? '',
    password,
  });
  people = {
    unknown: { identifier: someEmail(), password: PASSWORD },
    'wrong password': by(tried, WRONG),
    'wrong password, no factor': by(other, WRONG),
    'right password': by(right, PASSWORD),
    'right password, no factor': by(bare, PASSWORD),
    'right password, factor locked': by(locked, PASSWORD),
    'right password, frozen': by(frozen, PASSWORD),
    'password disabled': by(disabled, PASSWORD),
    unconfirmed: { identifier: unconfirmed, password: PASSWORD },
  };
});
let lockedOwner: WithTotp;

/** What was counted is forgotten, but for the authenticator's door of one: ten wrong codes had locked it. */
async function forgetTries(): Promise<void> {
  await h.pool.query('delete from attempt_counters');
  await h.pool.query('delete from wrong_codes');
  const key = h.instance.ctx.keys.hash('attempts:totp', `${lockedOwner.accountId}:`).subarray(0, 16);
  const until = new Date(h.clock.now().getTime() + 86_400_000);
  const sql = 'insert into attempt_counters (key, failures, blocked_until, touched_at) values ($1, 0, $2, $3)';
  await h.pool.query(sql, [key, until, h.clock.now()]);
}

async function expectUniform(ask: (who: Who) => Promise<Answer>): Promise<Answer> {
  await forgetTries();
  const asked = Object.entries(people).map(async ([kind, who]) => [kind, await ask(who)] as const);
  const answers = new Map<string, string[]>();
  let last: Answer | undefined;
  for (const [kind, answer] of await Promise.all(asked)) {
    answers.set(shown(answer), [...(answers.get(shown(answer)) ?? []), kind]);
    last = answer;
  }
  expect([...answers.keys()], JSON.stringify([...answers.values()])).toHaveLength(1);
  return last as Answer;
}

/** As many wrong second steps at once. */
const fail = (challenge: string, times: number) =>
  Promise.all(Array.from({ length: times }, () => secondStep(h, challenge, 'totp', '000000')));
const challengeOf = async (who: Who): Promise<string> => (await h.post('/v1/auth/sign-in', who)).body.challenge;

describe('PS-4.3a V6.3.8 where the second step is hidden, nobody learns', () => {
  it('from the first step: it asks everybody for the same', async () => {
    const { status, body } = await expectUniform((who) => h.post('/v1/auth/sign-in', who));
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'second-factor-required',
      challenge: expect.stringMatching(/^hf_ch_/),
      factors: ['totp', 'passkey', 'recovery-code', 'email-code'],
      expiresIn: 600,
    });
  });

  it.each([
    ['totp', '000000'],
    ['recovery-code', NO_CODE],
    ['email-code', '000000'],
    ['email-code', NO_CODE],
    ['totp', 'no code at all'],
  ])('from the second step with a wrong %s (%s)', async (factor, code) => {
    const { status, body } = await expectUniform(async (who) => secondStep(h, await challengeOf(who), factor, code));
    expect([status, body.code]).toEqual([401, 'invalid-code']);
  });

  it('from a code asked for by mail', async () => {
    const { status, text } = await expectUniform(async (who) => send(h, await challengeOf(who)));
    expect([status, text]).toEqual([202, '{}']);
    expect(shown(await send(h, 'hf_ch_nobody-was-ever-given-this-one'))).toContain('202');
  });

  it('from one-shot sign-in, whatever is wrong', async () => {
    for (const code of ['000000', NO_CODE]) {
      const { status, body } = await expectUniform((who) => h.post('/v1/auth/sign-in', { ...who, code }));
      expect([status, body.code]).toEqual([401, 'invalid-credentials']);
    }
  });

  it('from asking for access to cases', async () => {
    for (const extra of [{}, { code: '000000' }, { code: NO_CODE }]) {
      const { status, body } = await expectUniform((who) => h.post('/v1/auth/case-access', { ...who, ...extra }));
      expect([status, body.code]).toEqual([401, 'invalid-credentials']);
    }
  });

  it('PS-4.3b from the lock after five in all, by whichever step, which the right answer does not open', async () => {
    const { status, body, headers } = await expectUniform(async (who) => {
      const challenge = await challengeOf(who);
      await fail(challenge, 2);
      await h.post('/v1/auth/sign-in', { ...who, code: '000000' });
      await secondStep(h, await challengeOf(who), 'recovery-code', NO_CODE);
      const fifth = await secondStep(h, challenge, 'email-code', '000000');
      expect(fifth.body.code).toBe('invalid-code');
      // The second step is asked for all the same.
      return await secondStep(h, await challengeOf(who), 'totp', '000000');
    });
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'too-many-attempts', '900']);
  });

  it('from a challenge that five wrong answers ended', async () => {
    const { status, body } = await expectUniform(async (who) => {
      const challenge = await challengeOf(who);
      await fail(challenge, 5);
      return await secondStep(h, challenge, 'totp', '000000');
    });
    expect([status, body.code]).toEqual([401, 'invalid-challenge']);
  });

  it('OW-AU4 from how much is hashed', async () => {
    const { hasher } = h.instance.ctx;
    const { verify } = hasher;
    const counting = new AsyncLocalStorage<{ hashes: number }>();
    hasher.verify = (...given) => {
      const count = counting.getStore();
      if (count) count.hashes += 1;
      return verify(...given);
    };
    const during = async (work: () => Promise<Answer>) => {
      const count = { hashes: 0 };
      const answer = await counting.run(count, work);
      expect(answer.status).toBeLessThan(500);
      return { answer, hashes: count.hashes };
    };
    await forgetTries();
    const counted = Object.entries(people).map(async ([kind, who]) => {
      const first = await during(() => h.post('/v1/auth/sign-in', who));
      const { challenge } = first.answer.body;
      const others = await Promise.all([
        during(() => send(h, challenge)),
        during(() => secondStep(h, challenge, 'totp', '000000')),
        during(() => secondStep(h, challenge, 'recovery-code', NO_CODE)),
        during(() => secondStep(h, challenge, 'email-code', NO_CODE)),
        during(() => h.post('/v1/auth/sign-in', { ...who, code: NO_CODE })),
      ]);
      return [kind, [first, ...others].map(({ hashes }) => hashes)];
    });
    const all = await Promise.all(counted);
    hasher.verify = verify;
    expect(Object.fromEntries(all)).toEqual(
      Object.fromEntries(Object.keys(people).map((kind) => [kind, [1, 0, 0, 1, 0, 2]])),
    );
  });

  it('from a right code at a door that is locked', async () => {
    await forgetTries();
    const [who, { secret }] = [people['right password, factor locked'] as Who, lockedOwner];
    const answer = await secondStep(h, await challengeOf(who), 'totp', codeOf({ secret }));
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid-code']);
  });

  it('from a challenge that goes on while the account changes', async () => {
    const owner = await newWithTotp(h);
    const [right, wrong] = [
      await challengeOf({ identifier: owner.email, password: PASSWORD }),
      await challengeOf({ identifier: owner.email, password: WRONG }),
    ];
    await freezeByAgent(h, await newAgent(h), owner.accountId);
    const answers = [];
    for (const challenge of [right, wrong]) answers.push(await secondStep(h, challenge, 'totp', codeOf(owner)));
    expect(answers.map(({ body }) => body.code)).toEqual(['invalid-code', 'invalid-code']);
    expect(await count(h, 'challenges', owner.accountId)).toBe(0);
  });
});

describe('where the second step is hidden', () => {
  it('a right password and a right code sign in; a right code after a wrong password does not, and is not spent', async () => {
    const owner = await newEnrolled(h);
    const code = codeOf(owner);
    const wrong = await challengeOf({ identifier: owner.email, password: WRONG });
    expect((await secondStep(h, wrong, 'totp', code)).body.code).toBe('invalid-code');
    expect((await h.post('/v1/auth/sign-in', { identifier: owner.email, password: WRONG, code })).status).toBe(401);
    const [recovery] = owner.recoveryCodes as [string];
    expect((await secondStep(h, wrong, 'recovery-code', recovery)).body.code).toBe('invalid-code');
    expect(await count(h, 'recovery_codes', owner.accountId, 'used_at is null')).toBe(10);
    const right = await challengeOf({ identifier: owner.email, password: PASSWORD });
    const signedIn = await secondStep(h, right, 'totp', code);
    expect(signedIn.body).toMatchObject({ status: 'signed-in', accountId: owner.accountId });
    const token = signedIn.body.accessToken;
    const introspected = await h.post('/v1/server/sessions/introspect', { token }, { token: await hostKey(h) });
    expect(introspected.body).toMatchObject({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] });
  });

  it('a full success forgets the failures before it', async () => {
    const owner = await newWithTotp(h);
    const who = { identifier: owner.email, password: PASSWORD };
    for (let round = 0; round < 2; round++) {
      const challenge = await challengeOf(who);
      await fail(challenge, 4);
      expect((await secondStep(h, await challengeOf(who), 'totp', codeOf(owner))).status).toBe(200);
      h.clock.advance(30_000);
    }
  });

  it('PS-4.3b five tries are five by whichever identifier and device, and that does not show', async () => {
    const owner = await newEnrolled(h);
    const username = `u${owner.accountId.slice(-8)}x`;
    const sql = `insert into identifiers (value, kind, account_id, confirmed_at) values ($1, 'username', $2, $3)`;
    await h.pool.query(sql, [username, owner.accountId, h.clock.now()]);
    const { deviceToken } = owner;
    for (const identifier of [owner.email, username, owner.email, username]) {
      await h.post('/v1/auth/sign-in', { identifier, password: PASSWORD, code: '000000', deviceToken });
    }
    const challenge = await challengeOf({ identifier: username, password: WRONG });
    await secondStep(h, challenge, 'totp', '000000');
    for (const identifier of [owner.email, username]) {
      const right = await h.post('/v1/auth/sign-in', {
        identifier,
        password: PASSWORD,
        code: codeOf(owner),
        deviceToken,
      });
      expect([right.status, right.body.code]).toEqual([401, 'invalid-credentials']);
    }
    expect((await h.mails(owner.email)).filter(({ subject }) => /paused|locked/i.test(subject))).toHaveLength(1);
    h.clock.advance(15 * 60_000);
    const again = await h.post('/v1/auth/sign-in', { identifier: username, password: PASSWORD, code: codeOf(owner) });
    expect(again.status).toBe(200);
  });

  it('PS-4.4 the owner is told of the lock, and a reset regains the use', async () => {
    const owner = await newEnrolled(h);
    await fail(await challengeOf({ identifier: owner.email, password: WRONG }), 5);
    const [mail] = (await h.mails(owner.email)).filter(({ text }) => text.includes('/freeze#token='));
    expect(mail?.subject).toMatch(/paused/i);
    // A known browser counts with all others here: there is nothing that a link could unlock.
    expect(mail?.text).not.toContain('/unlock#token=');
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const token = await mailedToken(h, owner.email, 'reset');
    const newPassword = `${PASSWORD} anew`;
    const reset = { token, newPassword, code: owner.recoveryCodes[0] };
    expect((await h.post('/v1/auth/password-reset/confirm', reset)).status).toBe(204);
    const again = await challengeOf({ identifier: owner.email, password: newPassword });
    expect((await secondStep(h, again, 'totp', codeOf(owner))).status).toBe(200);
  });

  it('PS-4.4 the owner is warned before the password is disabled for good', async () => {
    const owner = await newWithTotp(h);
    await h.pool.query('update passwords set consecutive_failures = 89 where account_id = $1', [owner.accountId]);
    await secondStep(h, await challengeOf({ identifier: owner.email, password: WRONG }), 'totp', '000000');
    expect(await count(h, 'events', owner.accountId, `type = 'password.failing'`)).toBe(1);
  });

  it('PS-4.3b at most five of sixteen guesses at once are looked at', async () => {
    const owner = await newWithTotp(h);
    const challenges: string[] = [];
    for (let n = 0; n < 16; n++) challenges.push(await challengeOf({ identifier: owner.email, password: WRONG }));
    const answers = await Promise.all(challenges.map((challenge) => secondStep(h, challenge, 'totp', '000000')));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status >= 500 && status !== 503)).toEqual([]);
    const right = await challengeOf({ identifier: owner.email, password: PASSWORD });
    expect((await secondStep(h, right, 'totp', codeOf(owner))).status).toBe(429);
  });

  it('V6.5.1 one of sixteen second steps with the same code signs in', async () => {
    const owner = await newWithTotp(h);
    const challenge = await challengeOf({ identifier: owner.email, password: PASSWORD });
    const code = codeOf(owner);
    const answers = await Promise.all(Array.from({ length: 16 }, () => secondStep(h, challenge, 'totp', code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('a frozen owner is told so after everything was right, and by nothing less', async () => {
    const owner = await newWithTotp(h);
    await freezeByAgent(h, await newAgent(h), owner.accountId);
    const challenge = await challengeOf({ identifier: owner.email, password: PASSWORD });
    expect((await secondStep(h, challenge, 'totp', wrongCode(owner))).body.code).toBe('invalid-code');
    const { status, body } = await secondStep(h, challenge, 'totp', codeOf(owner));
    expect([status, body.code]).toEqual([403, 'account-held']);
    expect(body).toMatchObject({ holds: [{ scope: 'all' }], caseToken: expect.any(String) });
  });

  it('a password that must be changed is told after everything was right', async () => {
    const owner = await newWithTotp(h);
    await h.pool.query('update passwords set change_required_at = now() where account_id = $1', [owner.accountId]);
    const challenge = await challengeOf({ identifier: owner.email, password: PASSWORD });
    expect((await secondStep(h, challenge, 'totp', codeOf(owner))).body.code).toBe('password-change-required');
  });
});

describe('an account without a factor, where the second step is hidden,', () => {
  it('enrols by a mailed code, which raises nothing by itself', async () => {
    const { email, accountId } = await newAccount(h);
    const challenge = await challengeOf({ identifier: email, password: PASSWORD });
    expect(await mailedCode(h, email)).toBeUndefined();
    expect((await send(h, challenge)).status).toBe(202);
    const code = (await mailedCode(h, email)) as string;
    expect((await secondStep(h, challenge, 'totp', code)).body.code).toBe('invalid-code');
    const { status, body } = await secondStep(h, challenge, 'email-code', code);
    expect([status, body.status]).toEqual([200, 'enrolment-required']);
    expect((await secondStep(h, challenge, 'email-code', code)).body.code).toBe('invalid-challenge');
    expect(await count(h, 'sessions', accountId)).toBe(0);
  });

  it('is mailed nothing after a wrong password, and nobody is who has a factor', async () => {
    const [bare, owner] = [await newAccount(h), await newWithTotp(h)];
    await send(h, await challengeOf({ identifier: bare.email, password: WRONG }));
    await send(h, await challengeOf({ identifier: owner.email, password: PASSWORD }));
    expect(await mailedCode(h, bare.email)).toBeUndefined();
    expect(await mailedCode(h, owner.email)).toBeUndefined();
    for (const { accountId } of [bare, owner])
      expect(await count(h, 'events', accountId, `type = 'sign-in.code-requested'`)).toBe(0);
  });

  it('V6.6.2 has a code for its own challenge alone', async () => {
    const { email } = await newAccount(h);
    const [mine, other] = [
      await challengeOf({ identifier: email, password: PASSWORD }),
      await challengeOf({ identifier: email, password: PASSWORD }),
    ];
    await send(h, mine);
    const code = (await mailedCode(h, email)) as string;
    expect((await secondStep(h, other, 'email-code', code)).body.code).toBe('invalid-code');
    await send(h, other);
    expect((await secondStep(h, other, 'email-code', code)).body.code).toBe('invalid-code');
  });
});
