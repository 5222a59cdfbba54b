import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge } from '../src/risk/rules.ts';
import { firstStep, mailedCode, newWithTotp, secondStep, send } from './support/enrolling.ts';
import { type Harness, openHarness, totpCode } from './support/harness.ts';
import { makeMmdb } from './support/mmdb.ts';
import { count, hostKey, newAccount, type Seeded, signIn } from './support/seed.ts';

const [HOUR, MINUTE] = [3_600_000, 60_000];
const [BERLIN, PARIS, TOKYO, FRANCE] = ['192.0.2.7', '192.0.3.7', '198.51.100.7', '203.0.113.7'];

let folder: string;
let h: Harness;
let shadow: Harness;
let off: Harness;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-risk-'));
  const file = join(folder, 'city.mmdb');
  // The test's database knows whole numbers and no signs: places are near enough.
  const networks = {
    '192.0.2.0/24': { country: { iso_code: 'DE' }, location: { latitude: 52, longitude: 13 } },
    '192.0.3.0/24': { country: { iso_code: 'FR' }, location: { latitude: 49, longitude: 2 } },
    '198.51.100.0/24': { country: { iso_code: 'JP' }, location: { latitude: 36, longitude: 140 } },
    '203.0.113.0/24': { country: { iso_code: 'FR' } },
  };
  await writeFile(file, makeMmdb(networks));
  const env = { GEOIP_FILE: file };
  const many = { 'limits.mailPerRecipient': 100, 'limits.signInCodesPerAccount': 100 };
  h = await openHarness({ env, policy: many });
  shadow = await openHarness({ env, policy: { 'risk.mode': 'shadow' } });
  off = await openHarness({ env, policy: { 'risk.mode': 'off' } });
});
afterAll(async () => {
  await Promise.all([h, shadow, off].map((each) => each.close()));
  await rm(folder, { recursive: true });
});

async function lock(on: Harness, { email }: Seeded): Promise<void> {
  for (let n = 0; n < 5; n++) await signIn(on, email, { password: 'not the right one' });
  on.clock.advance(15 * MINUTE);
}

/** A sign-in that is owed a mailed code, and the code. */
async function challenged(account?: Seeded) {
  const owner = account ?? (await newAccount(h));
  if (!account) await lock(h, owner);
  const { challenge } = await signIn(h, owner.email);
  await send(h, challenge);
  return { ...owner, challenge: challenge as string, code: (await mailedCode(h, owner.email)) as string };
}

const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
const answer = (challenge: string, code: string) => secondStep(h, challenge, 'email-code', code);
const assessments = async (on: Harness, accountId: string) =>
  (await on.pool.query(`select detail from events where account_id = $1 and type = 'sign-in.assessed'`, [accountId]))
    .rows;

describe('a sign-in with the right password', () => {
  it('is not challenged for a new device alone, nor after a mistake or four', async () => {
    const { email, accountId } = await newAccount(h);
    for (let n = 0; n < 3; n++) expect((await signIn(h, email)).status).toBe('signed-in');
    for (let n = 0; n < 4; n++) await signIn(h, email, { password: 'not the right one' });
    expect((await signIn(h, email)).status).toBe('signed-in');
    expect(await assessments(h, accountId)).toEqual([]);
  });

  it('NB-T4 owes a mailed code on a new device, where strangers locked the identifier within a day', async () => {
    const owner = await newAccount(h);
    const { deviceToken } = await signIn(h, owner.email);
    await lock(h, owner);
    const { status, body, text } = await firstStep(h, owner.email);
    expect([status, body]).toEqual([
      200,
      { status: 'second-factor-required', challenge: expect.any(String), factors: ['email-code'], expiresIn: 600 },
    ]);
    expect(text).not.toMatch(/risk|guess|lock/i);
    expect(await assessments(h, owner.accountId)).toEqual([
      { detail: { mode: 'live', reasons: ['guessed-password'], isChallenged: true } },
    ]);
    // A known browser is none of the strangers.
    expect((await signIn(h, owner.email, { deviceToken })).status).toBe('signed-in');
  });

  it('owes none once that is a day ago', async () => {
    const owner = await newAccount(h);
    await lock(h, owner);
    h.clock.advance(24 * HOUR + 1);
    expect((await signIn(h, owner.email)).status).toBe('signed-in');
  });

  it('goes on with the code, with no more assurance than a password gives, and makes the device a known one', async () => {
    const { challenge, code, accountId } = await challenged();
    const { status, body } = await answer(challenge, code);
    expect([status, body.status]).toEqual([200, 'signed-in']);
    const introspected = await h.post(
      '/v1/server/sessions/introspect',
      { token: body.accessToken },
      { token: await hostKey(h) },
    );
    expect(introspected.body).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
    expect(await count(h, 'devices', accountId)).toBe(1);
    expect((await answer(challenge, code)).body.code).toBe('invalid-challenge');
  });

  it('is asked for its second factor and no mailed code where it has one, and the doubt is recorded all the same', async () => {
    const owner = await newWithTotp(h);
    await lock(h, owner);
    const { challenge, factors } = await signIn(h, owner.email);
    expect(factors).toEqual(['totp', 'recovery-code']);
    expect(await assessments(h, owner.accountId)).toEqual([
      { detail: { mode: 'live', reasons: ['guessed-password'], isChallenged: false } },
    ]);
    await send(h, challenge);
    expect(await mailedCode(h, owner.email)).toBeUndefined();
    expect((await secondStep(h, challenge, 'email-code', '000000')).body.code).toBe('invalid-code');
    const code = totpCode(owner.secret, h.clock.now());
    expect((await secondStep(h, challenge, 'totp', code)).status).toBe(200);
  });

  it('is only watched in shadow, and not even that when off', async () => {
    const [watched, unwatched] = [await newAccount(shadow), await newAccount(off)];
    await lock(shadow, watched);
    await lock(off, unwatched);
    expect((await signIn(shadow, watched.email)).status).toBe('signed-in');
    expect((await signIn(off, unwatched.email)).status).toBe('signed-in');
    expect(await assessments(shadow, watched.accountId)).toEqual([
      { detail: { mode: 'shadow', reasons: ['guessed-password'], isChallenged: false } },
    ]);
    expect(await assessments(off, unwatched.accountId)).toEqual([]);
  });
});

describe('impossible travel', () => {
  const from = (email: string, ip: string) => signIn(h, email, {}, { ip });

  it.each([
    ['Berlin to Tokyo within nine hours', BERLIN, TOKYO, 9 * HOUR, false],
    ['Berlin to Tokyo in ten and more', BERLIN, TOKYO, 10.5 * HOUR, true],
    ['Berlin to Paris within half an hour', BERLIN, PARIS, 0.5 * HOUR, false],
    ['Berlin to Paris in two hours', BERLIN, PARIS, 2 * HOUR, true],
    ['to a country of which no more is known, within half an hour', BERLIN, FRANCE, 20 * MINUTE, false],
    ['to a country of which no more is known, later', BERLIN, FRANCE, 30 * MINUTE, true],
    ['nowhere that is known', BERLIN, '10.0.0.1', MINUTE, true],
  ])('%s', async (_, there, here, passed, isLetIn) => {
    const { email, accountId } = await newAccount(h);
    await from(email, there);
    h.clock.advance(passed);
    const { status, factors } = await from(email, here);
    expect(status).toBe(isLetIn ? 'signed-in' : 'second-factor-required');
    if (isLetIn) return expect(await assessments(h, accountId)).toEqual([]);
    expect(factors).toEqual(['email-code']);
    const detail = { mode: 'live', reasons: ['impossible-travel'], isChallenged: true };
    expect(await assessments(h, accountId)).toEqual([{ detail }]);
  });

  it('is none to where a known device is, nor by a device that is known', async () => {
    const { email } = await newAccount(h);
    const { deviceToken } = await from(email, BERLIN);
    h.clock.advance(24 * HOUR);
    await from(email, TOKYO);
    expect((await from(email, BERLIN)).status).toBe('signed-in');
    expect((await signIn(h, email, { deviceToken }, { ip: FRANCE })).status).toBe('signed-in');
  });

  it('takes the shorter way around the globe', () => {
    const spot = (longitude: number, country: string) => ({ country, position: { latitude: 0, longitude } });
    const now = new Date();
    const devices = [{ ...spot(-179, 'FJ'), at: new Date(now.getTime() - HOUR) }];
    expect(judge({ strangers: { locks: 0 }, here: spot(179, 'KI'), devices }, now)).toEqual([]);
    expect(judge({ strangers: { locks: 0 }, here: spot(0, 'GA'), devices }, now)).toEqual(['impossible-travel']);
    expect(judge({ strangers: { locks: 0 }, here: spot(0, 'GA'), devices: [] }, now)).toEqual([]);
  });
});

describe('V6.6.2 V6.6.3 the mailed code', () => {
  it('has six digits, ends with its challenge after ten minutes, and is mailed with a way to freeze', async () => {
    const { email, challenge, code } = await challenged();
    expect(code).toMatch(/^\d{6}$/);
    const [mail] = await h.mails(email);
    expect(mail?.text).toContain('10 minutes');
    expect(mail?.text).toContain('/freeze#token=');
    h.clock.advance(10 * MINUTE + 1);
    expect((await answer(challenge, code)).body.code).toBe('invalid-challenge');
  });

  it('is in no table, and opens no other challenge', async () => {
    const first = await challenged();
    const other = (await signIn(h, first.email)).challenge;
    expect((await answer(other, first.code)).body.code).toBe('invalid-code');
    const tables = await h.pool.query("select tablename from pg_tables where schemaname = 'public'");
    for (const { tablename } of tables.rows) {
      const { rows } = await h.pool.query(`select row_to_json(t)::text as row from ${tablename} t`);
      const isFound = rows.some(({ row }) => new RegExp(`(?<![\\w.-])${first.code}(?![\\w.-])`).test(row));
      expect(isFound, tablename).toBe(false);
    }
  });

  it('opens nothing before it was asked for', async () => {
    const owner = await newAccount(h);
    await lock(h, owner);
    const { challenge } = await signIn(h, owner.email);
    const { mailedCode: codeOf } = await import('../src/sign-in/mailed-code.ts');
    const { hashToken } = await import('../src/crypto/tokens.ts');
    const code = codeOf(h.instance.ctx.keys, hashToken(challenge));
    expect((await answer(challenge, code)).body.code).toBe('invalid-code');
    await send(h, challenge);
    expect((await answer(challenge, code)).status).toBe(200);
  });

  it('NB-T5 is the same when it is mailed again, three times at most, and no try is given back by it', async () => {
    const { email, challenge, code } = await challenged();
    for (let n = 0; n < 4; n++) expect((await answer(challenge, wrong(code))).body.code).toBe('invalid-code');
    for (let n = 0; n < 4; n++) expect((await send(h, challenge)).status).toBe(202);
    const codes = (await h.mails(email)).flatMap(({ text }) => /^\s*(\d{6})\s*$/m.exec(text)?.[1] ?? []);
    expect(codes).toEqual([code, code, code]);
    expect((await answer(challenge, wrong(code))).body.code).toBe('invalid-code');
    expect((await answer(challenge, code)).body.code).toBe('invalid-challenge');
  });

  it('PS-4.3b counts with the wrong passwords: five wrong ones in all lock the door', async () => {
    const { email, challenge, code } = await challenged();
    for (let n = 0; n < 5; n++) await answer(challenge, wrong(code));
    const refused = await firstStep(h, email);
    expect([refused.status, refused.body.code]).toEqual([429, 'too-many-attempts']);
  });

  it('NB-T5 gives ten guesses in a month to whoever has the password, who then has it no more', async () => {
    const owner = await newAccount(h);
    await lock(h, owner);
    for (let round = 0; round < 2; round++) {
      const { challenge, code } = await challenged(owner);
      for (let n = 0; n < 5; n++) expect((await answer(challenge, wrong(code))).body.code).toBe('invalid-code');
      h.clock.advance(2 * HOUR);
    }
    expect((await signIn(h, owner.email)).code).toBe('invalid-credentials');
    expect(await count(h, 'passwords', owner.accountId, 'disabled_at is not null')).toBe(1);
    const subjects = (await h.mails(owner.email)).map(({ subject }) => subject);
    expect(subjects.filter((subject) => subject.startsWith('Someone knows your'))).not.toEqual([]);
  });

  it('V6.5.1 V15.4.2 signs in one of sixteen at once', async () => {
    const { challenge, code, accountId } = await challenged();
    const answers = await Promise.all(Array.from({ length: 16 }, () => answer(challenge, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await count(h, 'sessions', accountId)).toBe(1);
  });

  it('ends with a new password', async () => {
    const { challenge, code, accountId } = await challenged();
    await h.pool.query(`update passwords set set_at = set_at + interval '1 second' where account_id = $1`, [accountId]);
    expect((await answer(challenge, code)).body.code).toBe('invalid-challenge');
  });

  it('goes to one account so many times an hour as the policy says', async () => {
    const limited = await openHarness({ policy: { 'limits.signInCodesPerAccount': 2 } });
    try {
      const account = await newAccount(limited);
      await lock(limited, account);
      for (let n = 0; n < 3; n++) await send(limited, (await signIn(limited, account.email)).challenge);
      const codes = (await limited.mails(account.email)).filter(({ text }) => /^\s*\d{6}\s*$/m.test(text));
      expect(codes).toHaveLength(2);
    } finally {
      await limited.close();
    }
  });
});
