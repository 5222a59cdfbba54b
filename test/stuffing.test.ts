import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mailedCode, secondStep } from './support/enrolling.ts';
import { type Harness, openHarness, PASSWORD, someAddress, someEmail } from './support/harness.ts';
import { enrol, newAccount, newSignedIn } from './support/seed.ts';
import { solve } from './support/work.ts';

const MINUTE = 60_000;
const live = { 'stuffing.mode': 'live', 'limits.signInPerIp': 10_000 } as const;

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: live });
});
afterAll(() => h.close());
beforeEach(() => h.clock.advance(30 * MINUTE));

const someone = someEmail;
type Try = {
  identifier?: string;
  password?: string;
  ip?: string;
  proof?: unknown;
  deviceToken?: string;
  code?: string;
};

async function enter(
  { identifier = someone(), password = `the password of ${identifier}`, ip, ...rest }: Try = {},
  on = h,
) {
  return await on.post('/v1/auth/sign-in', { identifier, password, ...rest }, { ip: ip ?? someAddress() });
}

/** So many, and time enough for those who were asked for work to have done it. */
async function tryMany(count: number, how: Try, on = h): Promise<void> {
  for (let n = 0; n < count; n += 1) expect([401, 403]).toContain((await enter(how, on)).status);
  on.clock.advance(10_000);
}

const detected = async (on = h) =>
  (await on.pool.query(`select detail from events where type = 'stuffing.detected' order by id`)).rows.map(
    ({ detail }) => detail,
  );

describe('V6.3.1 guessing across accounts', () => {
  it('from one address asks for work before the fifth identifier, and not the neighbours', async () => {
    const ip = someAddress();
    await tryMany(4, { ip });
    const asked = await enter({ ip });
    expect(asked).toMatchObject({ status: 403, body: { code: 'proof-required', proof: { difficulty: 15 } } });
    expect((await enter()).status).toBe(401);
    expect(await detected()).toMatchObject([{ cause: 'address', step: 'work' }]);
  });

  it('with one password from many addresses asks whoever tries that password', async () => {
    const password = 'correct horse battery staple 7';
    await tryMany(4, { password });
    expect((await enter({ password })).body.code).toBe('proof-required');
    expect((await enter()).status).toBe(401);
  });

  it('from everywhere is seen by how many fail in the whole service, and told once', async () => {
    const before = (await detected()).length;
    await tryMany(16, {});
    expect((await enter()).body).toMatchObject({ code: 'proof-required', proof: { difficulty: 19 } });
    await tryMany(5, {});
    expect((await detected()).slice(before)).toMatchObject([{ cause: 'service', step: 'work' }]);
  });

  it('never asks a device that is known, and leaves honest strangers one silent task', async () => {
    const owner = await newSignedIn(h);
    await tryMany(20, {});
    const known = { identifier: owner.email, password: PASSWORD, deviceToken: owner.deviceToken };
    expect((await enter(known)).body.status).toBe('signed-in');
    const ip = someAddress();
    const stranger = { identifier: owner.email, password: PASSWORD, ip };
    const { body } = await enter(stranger);
    expect(body.code).toBe('proof-required');
    expect((await enter({ ...stranger, proof: solve(body.proof) })).status).not.toBe(403);
  });

  it('is not seen where as many succeed from the same address', async () => {
    const ip = someAddress();
    const owners = await Promise.all(Array.from({ length: 6 }, () => newSignedIn(h)));
    for (const { email } of owners) await enter({ identifier: email, password: PASSWORD, ip });
    await tryMany(5, { ip });
    expect((await enter({ ip })).status).toBe(401);
  });

  it('from an address that tried twenty identifiers is refused whatever it solves', async () => {
    const ip = someAddress();
    for (let n = 0; n < 20; n += 1) await enter({ ip });
    h.clock.advance(10_000);
    const refused = await enter({ ip });
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-attempts' } });
    expect(refused.headers.get('retry-after')).toBe('600');
    h.clock.advance(11 * MINUTE);
    expect((await enter({ ip })).status).toBe(401);
  });
});

describe('strangers under way', () => {
  it('are asked for work at most, however many come at once: an opening day is no attack', async () => {
    const owners = await Promise.all(Array.from({ length: 40 }, () => newAccount(h)));
    const before = owners.map(({ email }) => ({ identifier: email, password: PASSWORD, ip: someAddress() }));
    const answers = await Promise.all(
      before.map(async (input) => {
        const { body } = await enter(input);
        return body.proof ? (await enter({ ...input, proof: solve(body.proof) })).body : body;
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(owners.map(() => 'signed-in'));
    const { rows } = await h.pool.query(
      'select from passwords where account_id = any($1) and change_required_at is not null',
      [owners.map(({ accountId }) => accountId)],
    );
    expect(rows).toEqual([]);
  });

  it('whose password was wrong count at once, and who does no work after ten seconds', async () => {
    const guess = async () => {
      const input = { identifier: someone(), password: 'a guess', ip: someAddress() };
      const { body } = await enter({ ...input, password: `${input.password} ${input.identifier}` });
      return body;
    };
    for (let n = 0; n < 12; n += 1) expect((await guess()).code).toBe('invalid-credentials');
    for (let n = 0; n < 8; n += 1) expect((await guess()).proof).toMatchObject({ difficulty: 15 });
    h.clock.advance(9_000);
    expect((await guess()).proof).toMatchObject({ difficulty: 15 });
    h.clock.advance(1_000);
    expect((await guess()).proof).toMatchObject({ difficulty: 19 });
  });

  it('who do the work and guess wrong are seen as they go', async () => {
    const asked: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      const identifier = someone();
      const input = { identifier, password: `the password of ${identifier}`, ip: someAddress() };
      const { body } = await enter(input);
      if (!body.proof) continue;
      asked.push(body.proof.difficulty);
      expect((await enter({ ...input, proof: solve(body.proof) })).status).toBe(401);
    }
    expect(asked).toEqual([15, 15, 15, 15, 19, 19, 19, 19]);
  });
});

describe('a right password that a stranger gives meanwhile', () => {
  async function enterWorking(owner: { email: string }, ip = someAddress(), extra: Try = {}) {
    const input = { identifier: owner.email, password: PASSWORD, ip, ...extra };
    const { body } = await enter(input);
    return body.proof ? await enter({ ...input, proof: solve(body.proof) }) : { body };
  }
  const required = async (accountId: string) => {
    const { rows } = await h.pool.query('select change_required_at from passwords where account_id = $1', [accountId]);
    return rows[0].change_required_at !== null;
  };
  const mailsOf = async (email: string) => (await h.mails(email)).map(({ subject }) => subject);

  it('is taken for stolen: a mailed code is asked for, it opens nothing more, and the owner is told', async () => {
    const owner = await newSignedIn(h);
    await tryMany(20, {});
    const { body } = await enterWorking(owner);
    expect(body).toMatchObject({ status: 'second-factor-required', factors: ['email-code'] });
    expect(await required(owner.accountId)).toBe(true);
    expect((await mailsOf(owner.email)).join()).toContain('Someone knows your');
    h.clock.advance(30 * MINUTE);
    const known = await enter({ identifier: owner.email, password: PASSWORD, deviceToken: owner.deviceToken });
    expect(known.body.code).toBe('password-change-required');
  });

  it('is the owner’s after all where the code that was mailed is given', async () => {
    const owner = await newSignedIn(h);
    await tryMany(20, {});
    const { body } = await enterWorking(owner);
    await h.post('/v1/auth/second-factor/send', { challenge: body.challenge, factor: 'email-code' });
    const code = (await mailedCode(h, owner.email)) as string;
    const answer = await secondStep(h, body.challenge, 'email-code', code);
    expect(answer.body).toMatchObject({ status: 'signed-in' });
    expect(await required(owner.accountId)).toBe(false);
  });

  it('is not doubted on a network where the account was before, nor beside a second factor that is right', async () => {
    const owner = await newAccount(h);
    const ip = someAddress();
    await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD }, { ip });
    const strong = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, strong.accessToken);
    await tryMany(30, {});
    expect((await enterWorking(owner, ip)).body.status).toBe('signed-in');
    expect((await enterWorking(strong, someAddress(), { code: recoveryCodes[0] as string })).body.status).toBe(
      'signed-in',
    );
    const challenged = (await enterWorking(strong, '23.4.5.6')).body;
    expect(await required(strong.accountId)).toBe(true);
    const code = recoveryCodes[1] as string;
    expect((await secondStep(h, challenged.challenge, 'recovery-code', code)).body.status).toBe('signed-in');
    expect(await required(strong.accountId)).toBe(false);
    const wrong = await enterWorking(strong, '24.5.6.7', { code: '0000-0000-0000-0000-0000' });
    expect(wrong.body.code).toBe('invalid-credentials');
    await expect.poll(() => required(strong.accountId)).toBe(true);
  });
});

describe('proof of work', () => {
  async function asked(identifier: string, ip: string) {
    await tryMany(4, { ip });
    const { body } = await enter({ identifier, ip });
    return body.proof as { challenge: string; difficulty: number };
  }

  it('V2.3.4 counts once, also when sixteen show it at once', async () => {
    const [identifier, ip] = [someone(), someAddress()];
    const proof = solve(await asked(identifier, ip));
    const answers = await Promise.all(Array.from({ length: 16 }, () => enter({ identifier, ip, proof })));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(1);
    // The others find it spent, or every place under the limit taken.
    expect(answers.filter(({ status }) => [403, 429].includes(status))).toHaveLength(15);
  });

  it('counts for nobody else, nowhere else, not altered, not undone and not late', async () => {
    const [identifier, ip] = [someone(), someAddress()];
    const given = await asked(identifier, ip);
    const proof = solve(given);
    const other = someAddress();
    await tryMany(4, { ip: other });
    const easier = `hf_pw_${Buffer.from([1]).toString('base64url')}${given.challenge.slice(8)}`;
    const wrong: Try[] = [
      { identifier: someone(), ip, proof },
      { identifier, ip: other, proof },
      { identifier, ip, proof: solve({ challenge: easier, difficulty: 1 }) },
      { identifier, ip, proof: { ...proof, nonce: 'undone' } },
      { identifier, ip, proof: { challenge: 'hf_pw_', nonce: '' } },
    ];
    for (const each of wrong) expect((await enter(each)).body.code).toBe('proof-required');
    h.clock.advance(2 * MINUTE);
    expect((await enter({ identifier, ip, proof })).body.code).toBe('proof-required');
    const again = solve((await enter({ identifier, ip })).body.proof);
    expect((await enter({ identifier, ip, proof: again })).status).toBe(401);
  });
});

describe('stuffing.mode', () => {
  it('shadow asks nobody and tells all the same; off looks at nothing', async () => {
    const counts = { shadow: 1, off: 0 };
    for (const mode of ['shadow', 'off'] as const) {
      const other = await openHarness({ policy: { ...live, 'stuffing.mode': mode } });
      try {
        await tryMany(6, { ip: '192.0.2.9' }, other);
        expect((await enter({ ip: '192.0.2.9' }, other)).status).toBe(401);
        expect(await detected(other)).toHaveLength(counts[mode]);
        const { rows } = await other.pool.query('select count(*)::int as n from stranger_tries');
        expect(rows[0].n).toBe(counts[mode] * 7);
      } finally {
        await other.close();
      }
    }
  });
});
