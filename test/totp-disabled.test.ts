import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepHouse } from '../src/housekeeping/housekeeping.ts';
import {
  enrolTotp,
  type Harness,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  tokenIn,
  totpCode,
} from './support/harness.ts';
import { count } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerAccount': 1000, 'limits.factorChangesPerAccount': 1000 } });
});
afterAll(() => h.close());

const MINUTE = 60_000;
const DAY = 86_400_000;
const WRONG = '000000';
const NEW_PASSWORD = 'another long enough sentence';
const codeNow = (secret: string) => totpCode(secret, h.clock.now());
const signIn = (owner: Owner, extra: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, ...extra });
const answer = (challenge: string, code: string, factor = 'totp') =>
  h.post('/v1/auth/second-factor', { challenge, factor, code });
const countMails = async (owner: Owner, subject: RegExp) =>
  (await h.mails(owner.email)).filter((mail) => subject.test(mail.subject)).length;
const authenticators = async (owner: Owner) => (await h.get('/v1/me/totp', owner.accessToken)).body.items;

async function enrolled() {
  const owner = await newOwner(h);
  return { owner, ...(await enrolTotp(h, owner)) };
}

async function addAnother(owner: Owner, code: string): Promise<string> {
  const token = owner.accessToken;
  const { secret } = (await h.post('/v1/me/totp', { code }, { token })).body;
  expect((await h.post('/v1/me/totp/confirm', { code: codeNow(secret) }, { token })).status).toBe(200);
  h.clock.advance(30_000);
  return secret;
}

/** Ten wrong codes, with the five that each challenge takes. */
async function guessTen(owner: Owner, deviceToken: string): Promise<void> {
  for (let n = 0; n < 2; n++) {
    const { challenge } = (await signIn(owner, { deviceToken })).body;
    for (let tries = 0; tries < 5; tries++) expect((await answer(challenge, WRONG)).body.code).toBe('invalid-code');
  }
}

describe('a hundred wrong codes in a row', () => {
  it('NB-T1 NB-T2 OT-4 wait longer and longer, are warned of at 50 and 90, and end authenticators and password', async () => {
    const { owner, secret, recoveryCodes } = await enrolled();
    const second = await addAnother(owner, codeNow(secret));
    const waits: number[] = [];
    for (let failures = 10; failures <= 100; failures += 10) {
      await guessTen(owner, owner.deviceToken);
      const warnings = (failures >= 50 ? 1 : 0) + (failures >= 90 ? 1 : 0);
      expect(await countMails(owner, /^Many wrong codes/), `${failures} failures`).toBe(warnings);
      expect(await countMails(owner, /switched off/)).toBe(failures === 100 ? 1 : 0);
      if (failures === 100) break;
      const { challenge } = (await signIn(owner, { deviceToken: owner.deviceToken })).body;
      const seconds = Number((await answer(challenge, codeNow(secret))).headers.get('retry-after'));
      waits.push(seconds / 60);
      h.clock.advance(seconds * 1_000);
    }
    expect(waits).toEqual([15, 30, 60, 120, 240, 480, 960, 1440, 1440]);

    const mail = (await h.mails(owner.email)).find(({ subject }) => /^Authenticator apps.*switched off/.test(subject));
    expect(mail?.text).toContain('There were 100 wrong codes in a row');
    expect(mail?.text, 'the password was right before them').toContain('had your correct password first');
    expect(mail?.text).toMatch(/\/freeze#token=/);
    expect((await signIn(owner, { deviceToken: owner.deviceToken })).body.code, 'NB-T2').toBe('invalid-credentials');

    h.clock.advance(DAY);
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const token = tokenIn((await h.mails(owner.email))[0], 'reset');
    const reset = (code: string) =>
      h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD, code });
    for (const right of [codeNow(secret), codeNow(second)]) {
      expect((await reset(right)).body.code, 'a right code of a disabled one').toBe('invalid-code');
    }
    expect((await reset(recoveryCodes[0] as string)).status).toBe(204);

    const asked = (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: NEW_PASSWORD })).body;
    expect([asked.status, asked.factors]).toEqual(['second-factor-required', ['recovery-code']]);
    const { accessToken } = (await answer(asked.challenge, recoveryCodes[1] as string, 'recovery-code')).body;
    const fresh = { ...owner, accessToken };
    expect((await authenticators(fresh)).map((each: { disabled: boolean }) => each.disabled)).toEqual([true, true]);

    const [{ id }] = await authenticators(fresh);
    const body = { code: recoveryCodes[2], replaces: id };
    const shown = (await h.post('/v1/me/totp', body, { token: accessToken })).body.secret;
    expect((await h.post('/v1/me/totp/confirm', { code: codeNow(shown) }, { token: accessToken })).status).toBe(200);
    h.clock.advance(30_000);
    const bound = { identifier: owner.email, password: NEW_PASSWORD, code: codeNow(shown) };
    expect((await h.post('/v1/auth/sign-in', bound)).status, 'bound anew').toBe(200);
  });

  it('NB-T1 count strangers and known devices together, and a success forgets its own side alone', async () => {
    const { owner, secret } = await enrolled();
    const set = (strangers: number, known: number) =>
      h.pool.query('update totp_factors set stranger_failures = $2, known_failures = $3 where account_id = $1', [
        owner.accountId,
        strangers,
        known,
      ]);
    const counts = async () =>
      (
        await h.pool.query(
          'select stranger_failures as s, known_failures as k from totp_factors where account_id = $1',
          [owner.accountId],
        )
      ).rows[0];
    await set(60, 30);
    const { deviceToken } = (await signIn(owner, { code: codeNow(secret), deviceToken: owner.deviceToken })).body;
    expect(await counts(), 'a known device').toEqual({ s: 60, k: 0 });
    h.clock.advance(30_000);
    await set(60, 30);
    expect((await signIn(owner, { code: codeNow(secret) })).status).toBe(200);
    expect(await counts(), 'a stranger').toEqual({ s: 0, k: 30 });
    await set(98, 1);
    h.clock.advance(30_000);
    expect((await signIn(owner, { code: WRONG, deviceToken })).status).toBe(401);
    expect(await count(h, 'totp_factors', owner.accountId, 'disabled_at is not null')).toBe(1);
  });

  it('NB-T1 one that was bound since saw fewer, and goes on', async () => {
    const { owner, secret } = await enrolled();
    const second = await addAnother(owner, codeNow(secret));
    await h.pool.query(
      `update totp_factors set known_failures = 99 where account_id = $1
       and id = (select id from totp_factors where account_id = $1 order by id limit 1)`,
      [owner.accountId],
    );
    const { challenge } = (await signIn(owner, { deviceToken: owner.deviceToken })).body;
    expect((await answer(challenge, WRONG)).status).toBe(401);
    expect((await authenticators(owner)).map((each: { disabled: boolean }) => each.disabled)).toEqual([true, false]);
    await h.pool.query('update passwords set disabled_at = null where account_id = $1', [owner.accountId]);
    expect((await signIn(owner, { code: codeNow(secret) })).status).toBe(401);
    expect((await signIn(owner, { code: codeNow(second) })).status).toBe(200);
  });

  it('NB-T2 behind a session the password, which nobody gave, stays', async () => {
    const { owner } = await enrolled();
    await h.pool.query('update totp_factors set known_failures = 99 where account_id = $1', [owner.accountId]);
    const call = { body: { code: WRONG }, token: owner.accessToken };
    expect((await h.call('DELETE', '/v1/me/totp', call)).body.code).toBe('invalid-code');
    expect(await count(h, 'totp_factors', owner.accountId, 'disabled_at is not null')).toBe(1);
    expect(await count(h, 'passwords', owner.accountId, 'disabled_at is null')).toBe(1);
    const mail = (await h.mails(owner.email))[0];
    expect(mail?.subject).toMatch(/^Authenticator apps.*switched off/);
    expect(mail?.text).not.toContain('had your correct password');
  });

  it('NB-T1 ten at once beside the hundredth disable it once and answer nothing else', async () => {
    const { owner } = await enrolled();
    await h.pool.query('update totp_factors set stranger_failures = 95 where account_id = $1', [owner.accountId]);
    const challenges = await Promise.all(Array.from({ length: 10 }, async () => (await signIn(owner)).body.challenge));
    const answers = await Promise.all(challenges.map((challenge) => answer(challenge, WRONG)));
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    expect(await count(h, 'events', owner.accountId, `type = 'totp.disabled'`)).toBe(1);
  });
});

describe('alarms after a right password', () => {
  it('OW-MF3 come at the third wrong code, the sixth and the ninth, and the tenth ends the password', async () => {
    const { owner } = await enrolled();
    const alarms: number[] = [];
    for (let n = 1; n <= 10; n++) {
      // A day apart: no counter of a door remembers the one before.
      h.clock.advance(2 * DAY);
      expect((await signIn(owner, { code: WRONG })).status).toBe(401);
      alarms.push(await countMails(owner, /^Someone knows your/));
    }
    expect(alarms).toEqual([0, 0, 1, 1, 1, 2, 2, 2, 3, 4]);
    expect(await countMails(owner, /switched off/)).toBe(1);
  });

  it.each<['en' | 'zh-CN', RegExp, RegExp, RegExp]>([
    ['en', /Someone knows your .* password/, /they know your password/, /Freeze/i],
    ['zh-CN', /有人知道您的.*密码/, /已经知道您的密码/, /冻结/],
  ])(
    'OW-MF3 say in %s that someone knows the password, with a link that freezes',
    async (locale, subject, body, freeze) => {
      const owner = await newOwner(h, { locale });
      await enrolTotp(h, owner);
      for (let n = 0; n < 3; n++) await signIn(owner, { code: WRONG });
      const [mail] = await h.mails(owner.email);
      expect(mail?.subject).toMatch(subject);
      expect(mail?.text).toMatch(body);
      expect(mail?.text).toMatch(freeze);
      const token = tokenIn(mail, 'freeze');
      expect((await h.post('/v1/auth/link/use', { token, confirm: true })).body.caseReference).toBeTruthy();
    },
  );
});

describe('a year of guesses', () => {
  const add = (owner: Owner, behind: string, guesses: number[], daysAgo: number) =>
    h.pool.query(
      `insert into wrong_codes (id, account_id, behind, guesses, at)
       select gen_random_uuid(), $1, $2, guess, $4 from unnest($3::int[]) as guess`,
      [owner.accountId, behind, guesses, new Date(h.clock.now().getTime() - daysAgo * DAY)],
    );

  it('ends the password at 200, each code counted once per authenticator', async () => {
    const { owner, secret } = await enrolled();
    await addAnother(owner, codeNow(secret));
    await add(owner, 'password', Array(40).fill(5), 366);
    await add(owner, 'password', Array(28).fill(7), 100);
    expect((await signIn(owner, { code: WRONG })).status, '196 + 2').toBe(401);
    expect((await signIn(owner)).body.status).toBe('second-factor-required');
    expect((await signIn(owner, { code: WRONG })).status, '198 + 2').toBe(401);
    expect((await signIn(owner)).body.code).toBe('invalid-credentials');
    expect(await countMails(owner, /knows your .* switched off/)).toBe(1);
  });

  it('counts a wrong recovery code as none', async () => {
    const { owner } = await enrolled();
    await add(owner, 'password', [199], 100);
    expect((await signIn(owner, { code: '0000-0000-0000-0000-0000' })).status).toBe(401);
    expect((await signIn(owner)).body.status).toBe('second-factor-required');
  });

  it('behind reset links holds back codes, until a year has passed, and no recovery code', async () => {
    const { owner, secret, recoveryCodes } = await enrolled();
    await add(owner, 'reset-link', Array(20).fill(5), 300);
    await add(owner, 'reset-link', Array(20).fill(5), 100);
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const token = tokenIn((await h.mails(owner.email))[0], 'reset');
    const reset = (code: string) =>
      h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD, code });
    const paused = await reset(codeNow(secret));
    expect([paused.status, paused.body.code]).toEqual([429, 'too-many-attempts']);
    expect(Number(paused.headers.get('retry-after'))).toBe(65 * 86_400);
    expect((await signIn(owner, { code: codeNow(secret) })).status, 'the owner signs in').toBe(200);
    expect((await reset(recoveryCodes[0] as string)).status).toBe(204);
  });

  it('is forgotten with the password, and by the house after a year', async () => {
    const { owner, recoveryCodes } = await enrolled();
    await add(owner, 'password', [50], 10);
    await add(owner, 'reset-link', [50], 10);
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const token = tokenIn((await h.mails(owner.email))[0], 'reset');
    const body = { token, newPassword: NEW_PASSWORD, code: recoveryCodes[0] };
    expect((await h.post('/v1/auth/password-reset/confirm', body)).status).toBe(204);
    expect(await count(h, 'wrong_codes', owner.accountId, `behind = 'password'`)).toBe(0);
    expect(await count(h, 'wrong_codes', owner.accountId)).toBe(1);
    h.clock.advance(355 * DAY);
    await keepHouse(h.instance.ctx);
    expect(await count(h, 'wrong_codes', owner.accountId), 'asked about still').toBe(1);
    h.clock.advance(1);
    await keepHouse(h.instance.ctx);
    expect(await count(h, 'wrong_codes', owner.accountId)).toBe(0);
  });
});

describe('the door of recovery codes', () => {
  it('stands apart: strangers who lock the one for codes do not keep the owner from it', async () => {
    const { owner, secret, recoveryCodes } = await enrolled();
    for (let n = 0; n < 10; n++) await answer((await signIn(owner)).body.challenge, WRONG);
    await h.pool.query('update passwords set disabled_at = null where account_id = $1', [owner.accountId]);
    const { challenge } = (await signIn(owner)).body;
    expect((await answer(challenge, codeNow(secret))).body.code).toBe('too-many-attempts');
    expect((await answer(challenge, recoveryCodes[0] as string, 'recovery-code')).status).toBe(200);
  });

  it('NB-R1 is throttled itself: ten wrong ones lock it for 15 minutes, and codes of the app still open', async () => {
    const { owner, secret, recoveryCodes } = await enrolled();
    const known = { deviceToken: owner.deviceToken };
    const challengeNow = async () => (await signIn(owner, known)).body.challenge;
    for (let n = 0; n < 10; n++) await answer(await challengeNow(), '0000-0000-0000-0000-0000', 'recovery-code');
    const challenge = await challengeNow();
    const locked = await answer(challenge, recoveryCodes[0] as string, 'recovery-code');
    expect([locked.status, locked.headers.get('retry-after')]).toEqual([429, '900']);
    expect((await answer(challenge, codeNow(secret))).status).toBe(200);
    h.clock.advance(15 * MINUTE);
    expect((await signIn(owner, { ...known, code: recoveryCodes[0] })).status).toBe(200);
  });

  it('NB-T5 OT-3 wrong codes are remembered over new challenges', async () => {
    const { owner, secret } = await enrolled();
    for (let n = 0; n < 10; n++) {
      const { challenge } = (await signIn(owner, { deviceToken: owner.deviceToken })).body;
      expect((await answer(challenge, WRONG)).body.code).toBe('invalid-code');
    }
    const { challenge } = (await signIn(owner, { deviceToken: owner.deviceToken })).body;
    expect((await answer(challenge, codeNow(secret))).body.code).toBe('too-many-attempts');
  });
});
