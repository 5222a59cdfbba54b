import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carryOutUnfreezes } from '../src/unfreeze/lift.ts';
import { type Harness, newAgent, openHarness, PASSWORD, type TestAgent } from './support/harness.ts';
import { backAtWork, press } from './support/lost-factor.ts';
import { age, code, HOUR, plantHold, standing } from './support/release.ts';
import {
  count,
  enrol,
  freezeByAgent,
  mailedToken,
  newAccount,
  newSignedIn,
  type SignedIn,
  signIn,
} from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerRecipient': 1000 } });
  agent = await newAgent(h);
});
afterAll(() => h.close());

type Frozen = SignedIn & { secret: string; recoveryCodes: string[]; caseToken: string };

const caseToken = async (email: string, extra: object = {}): Promise<string> =>
  (await h.post('/v1/auth/case-access', { identifier: email, password: PASSWORD, ...extra })).body.caseToken;

/** An owner with a second factor of 30 days who pressed freeze two hours ago. */
async function newFrozen(days = 30, waited = 2 * HOUR): Promise<Frozen> {
  const owner = await newSignedIn(h);
  const { secret, recoveryCodes } = await enrol(h, owner.accessToken);
  await age(h, owner.accountId, days);
  expect((await h.post('/v1/me/freeze', {}, { token: owner.accessToken })).status).toBe(201);
  h.clock.advance(waited);
  const token = await caseToken(owner.email, { code: recoveryCodes[0] });
  return { ...owner, secret, recoveryCodes, caseToken: token };
}

/** As `newFrozen`, without a second factor. */
async function newPlain(days = 30, waited = 2 * HOUR) {
  const seeded = await newAccount(h);
  const session = await signIn(h, seeded.email);
  await age(h, seeded.accountId, days);
  await h.post('/v1/me/freeze', {}, { token: session.accessToken });
  h.clock.advance(waited);
  return { ...seeded, caseToken: await caseToken(seeded.email) };
}

const start = (token: string, body: object = {}) => h.post('/v1/me/unfreeze', body, { token });
const confirm = (token: string, body: object) => h.post('/v1/me/unfreeze/confirm', body, { token });
const codeMails = async (email: string) =>
  (await h.mails(email)).filter(({ subject }) => /code to unfreeze/.test(subject));
async function mailedCode(email: string): Promise<string> {
  const [mail] = await codeMails(email);
  return /^\s*(\d{6})\s*$/m.exec(mail?.text ?? '')?.[1] as string;
}

describe('an owner’s way out of their own freeze', () => {
  it('is a factor older than the compromise and a mailed code; sessions stay ended, money waits', async () => {
    const owner = await newFrozen();
    const started = await start(owner.caseToken, { code: code(h, owner.secret) });
    expect([started.status, started.body]).toEqual([202, { expiresIn: 600 }]);
    expect(await standing(h, owner.accountId)).toContain('owner all');
    const { status, body } = await confirm(owner.caseToken, { mailCode: await mailedCode(owner.email) });
    expect([status, body.effectiveAt, body.holds.map((hold: { scope: string }) => hold.scope)]).toEqual([
      200,
      h.clock.now().toISOString(),
      expect.arrayContaining(['withdrawals']),
    ]);
    expect(await standing(h, owner.accountId)).not.toContain('owner all');
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
    const [row] = (
      await h.pool.query(`select * from holds where account_id = $1 and source = 'owner'`, [owner.accountId])
    ).rows;
    expect(row).toMatchObject({ release_reason: 'owner', released_by: owner.accountId });
    expect((await h.mails(owner.email))[0]?.subject).toMatch(/is open again/);
  });

  it('takes the factor with the mailed code as well, a recovery code too, and asks for it', async () => {
    const owner = await newFrozen();
    expect((await start(owner.caseToken)).status).toBe(202);
    const mailCode = await mailedCode(owner.email);
    const asked = await confirm(owner.caseToken, { mailCode });
    expect([asked.status, asked.body.code, asked.body.factors]).toEqual([
      401,
      'second-factor-required',
      ['totp', 'recovery-code'],
    ]);
    expect((await confirm(owner.caseToken, { mailCode, code: '000000' })).body.code).toBe('invalid-code');
    expect((await confirm(owner.caseToken, { mailCode, code: owner.recoveryCodes[1] })).status).toBe(200);
    expect(await standing(h, owner.accountId)).not.toContain('owner all');
  });

  it('opens after two hours, and says when', async () => {
    const owner = await newFrozen(30, 2 * HOUR - 1000);
    const { status, body } = await start(owner.caseToken, { code: code(h, owner.secret) });
    expect([status, body.code]).toEqual([409, 'too-early']);
    expect(body.earliestAt).toBe(new Date(h.clock.now().getTime() + 1000).toISOString());
    h.clock.advance(1000);
    expect((await start(owner.caseToken, { code: code(h, owner.secret) })).status).toBe(202);
  });

  it('also lifts what stops money alone, in the session', async () => {
    const owner = await newSignedIn(h);
    const { secret } = await enrol(h, owner.accessToken);
    await age(h, owner.accountId, 30);
    await plantHold(h, owner.accountId, {
      source: 'owner',
      scope: 'payments',
      since: new Date(h.clock.now().getTime() - 3 * HOUR),
    });
    h.clock.advance(30_000);
    expect((await start(owner.accessToken, { code: code(h, secret) })).status).toBe(202);
    expect((await confirm(owner.accessToken, { mailCode: await mailedCode(owner.email) })).status).toBe(200);
    expect(await standing(h, owner.accountId)).not.toContain('owner payments');
  });

  it('lifts nothing that others hold: agents’, rules’ and the policy’s stand', async () => {
    const owner = await newFrozen();
    for (const source of ['agent', 'rule']) await plantHold(h, owner.accountId, { source });
    await start(owner.caseToken, { code: code(h, owner.secret) });
    expect((await confirm(owner.caseToken, { mailCode: await mailedCode(owner.email) })).status).toBe(200);
    expect(await standing(h, owner.accountId)).toEqual(expect.arrayContaining(['agent all', 'rule all']));
    const only = await start(owner.caseToken, { code: owner.recoveryCodes[2] });
    expect([only.status, only.body.code]).toEqual([409, 'hold-not-releasable']);
  });

  it('is closed by a legal hold, which leaves the case alone', async () => {
    const owner = await newFrozen();
    await start(owner.caseToken, { code: code(h, owner.secret) });
    const mailCode = await mailedCode(owner.email);
    await plantHold(h, owner.accountId, { source: 'legal' });
    expect((await start(owner.caseToken)).body.code).toBe('account-held');
    expect((await confirm(owner.caseToken, { mailCode })).body.code).toBe('account-held');
    expect((await h.get('/v1/me/cases', owner.caseToken)).status).toBe(200);
  });

  it('takes no token of nobody', async () => {
    for (const path of ['/v1/me/unfreeze', '/v1/me/unfreeze/confirm']) {
      expect((await h.post(path, { mailCode: '123456' }, { token: agent.accessToken })).status).toBe(401);
      expect((await h.post(path, { mailCode: '123456' })).status).toBe(401);
    }
  });

  it('lifts once for sixteen at once', async () => {
    const owner = await newFrozen();
    await start(owner.caseToken, { code: code(h, owner.secret) });
    const mailCode = await mailedCode(owner.email);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(owner.caseToken, { mailCode })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.every(({ status }) => status < 500)).toBe(true);
    expect(await count(h, 'events', owner.accountId, `type = 'hold.released'`)).toBe(1);
  });
});

describe('what a thief can show', () => {
  it('a factor bound a week before the freeze, or within it, lifts nothing', async () => {
    for (const days of [0, 6, 7]) {
      const owner = await newFrozen(days);
      const { status, body } = await start(owner.caseToken, { code: owner.recoveryCodes[1] });
      expect([status, body.code], String(days)).toEqual([403, 'proof-too-new']);
      expect(await codeMails(owner.email)).toEqual([]);
    }
  });

  it('a factor born inside the window lifts nothing, however old; one from before it does', async () => {
    for (const [days, status] of [
      [20, 403],
      [40, 202],
    ] as const) {
      const owner = await newFrozen(days);
      const { rows } = await h.pool.query('select id from cases where account_id = $1', [owner.accountId]);
      agent = await backAtWork(h, agent);
      const from = new Date(h.clock.now().getTime() - 30 * 24 * HOUR).toISOString();
      const as = { token: agent.accessToken };
      expect((await h.post(`/v1/agent/cases/${rows[0].id}/window`, { from, note: 'Long ago' }, as)).status).toBe(200);
      expect((await start(owner.caseToken, { code: owner.recoveryCodes[1] })).status).toBe(status);
    }
  });

  it('a window that is widened between the two calls takes effect', async () => {
    const owner = await newFrozen(30);
    await start(owner.caseToken, { code: code(h, owner.secret) });
    const mailCode = await mailedCode(owner.email);
    const { rows } = await h.pool.query('select id from cases where account_id = $1', [owner.accountId]);
    agent = await backAtWork(h, agent);
    const from = new Date(h.clock.now().getTime() - 60 * 24 * HOUR).toISOString();
    await h.post(`/v1/agent/cases/${rows[0].id}/window`, { from, note: 'Longer' }, { token: agent.accessToken });
    expect((await confirm(owner.caseToken, { mailCode })).body.code).toBe('proof-too-new');
    expect(await standing(h, owner.accountId)).toContain('owner all');
  });

  it('a mailbox they put there gets no code: it goes to the one from before', async () => {
    const owner = await newFrozen();
    const at = new Date(h.clock.now().getTime() - 24 * HOUR);
    const thief = `thief-${owner.email}`;
    await h.pool.query(
      `insert into contact_changes (id, account_id, kind, old_value, old_key, new_value, new_key, requested_at, expires_at, confirmed_at, undo_until)
       values (gen_random_uuid(), $1, 'email', $2, $2, $3, $3, $4, $4, $4, $4)`,
      [owner.accountId, owner.email, thief, at],
    );
    await h.pool.query('update accounts set email = $2 where id = $1', [owner.accountId, thief]);
    await start(owner.caseToken, { code: code(h, owner.secret) });
    expect([await codeMails(thief), (await codeMails(owner.email)).length]).toEqual([[], 1]);
  });

  it('a code that is guessed is over after five tries, and by no new mail within the hour after five', async () => {
    const owner = await newFrozen();
    await start(owner.caseToken, { code: code(h, owner.secret) });
    const right = await mailedCode(owner.email);
    const wrong = right === '111111' ? '222222' : '111111';
    const guesses = await Promise.all(Array.from({ length: 16 }, () => confirm(owner.caseToken, { mailCode: wrong })));
    expect(guesses.every(({ status, body }) => status === 401 && body.code === 'invalid-code')).toBe(true);
    expect((await confirm(owner.caseToken, { mailCode: right })).body.code).toBe('invalid-code');
    expect(await count(h, 'events', owner.accountId, `type = 'unfreeze.failed'`)).toBe(5);
    for (let again = 0; again < 4; again++) expect((await start(owner.caseToken)).status).toBe(202);
    expect((await start(owner.caseToken)).status).toBe(429);
  });

  it('an older code, one that ran out, or another account’s opens nothing', async () => {
    const owner = await newFrozen();
    await start(owner.caseToken, { code: code(h, owner.secret) });
    const first = await mailedCode(owner.email);
    h.clock.advance(30_000);
    await start(owner.caseToken, { code: code(h, owner.secret) });
    const second = await mailedCode(owner.email);
    if (first !== second) expect((await confirm(owner.caseToken, { mailCode: first })).body.code).toBe('invalid-code');
    h.clock.advance(600_000);
    const token = await caseToken(owner.email, { code: owner.recoveryCodes[3] });
    expect((await confirm(token, { mailCode: second })).body.code).toBe('invalid-code');
    expect(await standing(h, owner.accountId)).toContain('owner all');
  });
});

describe('without a second factor', () => {
  it('a password older than it, the mailed code, a day, and a veto link', async () => {
    const owner = await newPlain();
    expect((await start(owner.caseToken)).status).toBe(202);
    const { status, body } = await confirm(owner.caseToken, { mailCode: await mailedCode(owner.email) });
    expect([status, body.effectiveAt]).toEqual([200, new Date(h.clock.now().getTime() + 24 * HOUR).toISOString()]);
    expect((await h.mails(owner.email))[0]?.subject).toMatch(/will be lifted/);
    h.clock.advance(24 * HOUR - 1000);
    await carryOutUnfreezes(h.instance.ctx);
    expect(await standing(h, owner.accountId)).toContain('owner all');
    h.clock.advance(1000);
    await Promise.all(Array.from({ length: 4 }, () => carryOutUnfreezes(h.instance.ctx)));
    expect(await standing(h, owner.accountId)).toEqual(['policy withdrawals']);
    expect(await count(h, 'events', owner.accountId, `type = 'hold.released'`)).toBe(1);
  });

  it('a press on the veto link stops it, once, and the code that began it is spent', async () => {
    const owner = await newPlain();
    await start(owner.caseToken);
    const mailCode = await mailedCode(owner.email);
    await confirm(owner.caseToken, { mailCode });
    expect((await confirm(owner.caseToken, { mailCode })).body.code).toBe('invalid-code');
    const token = await mailedToken(h, owner.email, 'veto');
    expect((await press(h, token)).status).toBe(200);
    expect((await press(h, token)).body.code).toBe('invalid-token');
    h.clock.advance(25 * HOUR);
    await carryOutUnfreezes(h.instance.ctx);
    expect(await standing(h, owner.accountId)).toEqual(['owner all']);
  });

  it('a freeze by anybody stops it', async () => {
    const owner = await newPlain();
    await start(owner.caseToken);
    await confirm(owner.caseToken, { mailCode: await mailedCode(owner.email) });
    agent = await backAtWork(h, agent);
    await freezeByAgent(h, agent, owner.accountId);
    h.clock.advance(25 * HOUR);
    await carryOutUnfreezes(h.instance.ctx);
    expect(await standing(h, owner.accountId)).toEqual(['owner all', 'agent all']);
  });

  it('a window that reaches back behind the password stops it meanwhile', async () => {
    const owner = await newPlain();
    await start(owner.caseToken);
    await confirm(owner.caseToken, { mailCode: await mailedCode(owner.email) });
    const { rows } = await h.pool.query('select id from cases where account_id = $1', [owner.accountId]);
    agent = await backAtWork(h, agent);
    const from = new Date(h.clock.now().getTime() - 60 * 24 * HOUR).toISOString();
    await h.post(`/v1/agent/cases/${rows[0].id}/window`, { from, note: 'Longer' }, { token: agent.accessToken });
    h.clock.advance(25 * HOUR);
    await carryOutUnfreezes(h.instance.ctx);
    expect(await standing(h, owner.accountId)).toEqual(['owner all']);
    expect((await h.mails(owner.email))[0]?.subject).toMatch(/stays/);
  });

  it('a password set in the week before the freeze lifts nothing', async () => {
    const owner = await newPlain(3);
    expect((await start(owner.caseToken)).body.code).toBe('proof-too-new');
  });

  it('a mailbox alone lifts nothing: a case opened by its link must sign in by password', async () => {
    const owner = await newPlain();
    const { caseToken: token } = (
      await h.post('/v1/auth/case-access', { token: await mailedToken(h, owner.email, 'case') })
    ).body;
    const { status, body, headers } = await start(token);
    expect([status, body.code]).toEqual([401, 'insufficient-authentication']);
    expect(headers.get('www-authenticate')).toContain('insufficient_user_authentication');
  });
});
