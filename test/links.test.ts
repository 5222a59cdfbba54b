import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness, PASSWORD, type TestAgent } from './support/harness.ts';
import { count, freezeByAgent, freezeLinkOf, mailedToken, newAccount, newSignedIn, signIn } from './support/seed.ts';

const DAY = 86_400_000;
const UNKNOWN = `hf_ln_${'A'.repeat(43)}`;

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

const look = (token: string) => h.post('/v1/auth/link', { token });
const press = (token: string) => h.post('/v1/auth/link/use', { token, confirm: true });

async function frozenOnce(accountId: string): Promise<void> {
  expect(await count(h, 'holds', accountId)).toBe(1);
  expect(await count(h, 'cases', accountId)).toBe(1);
}

/** Everything the database knows of an account, but for the times at which somebody was seen. */
async function stateOf(accountId: string) {
  const tables = ['holds', 'cases', 'events', 'sessions', 'devices', 'links', 'receipts', 'deliveries'];
  return await Promise.all(
    tables.map(async (table) => {
      const sql = `select row_to_json(t)::text as row from ${table} t where account_id = $1`;
      return (await h.pool.query(sql, [accountId])).rows.map(({ row }) => row).sort();
    }),
  );
}

/** Five wrong guesses lock the identifier; the mail about it carries the link. */
async function unlockLinkOf(email: string): Promise<string> {
  for (let guess = 0; guess < 5; guess++) await signIn(h, email, { password: 'not the right one at all' });
  return await mailedToken(h, email, 'unlock');
}

describe('a freeze link', () => {
  it('tells what it would do and changes nothing in sixteen looks', async () => {
    const owner = await newSignedIn(h);
    const token = await freezeLinkOf(h, owner.email);
    const before = await stateOf(owner.accountId);
    const answers = await Promise.all(Array.from({ length: 16 }, () => look(token)));
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body).toMatchObject({ purpose: 'freeze-account', event: { type: 'device.added' } });
    }
    expect(await stateOf(owner.accountId)).toEqual(before);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(200);
  });

  it('V2.3.4 acts once among sixteen who press it at once', async () => {
    const owner = await newSignedIn(h);
    const token = await freezeLinkOf(h, owner.email);
    const answers = await Promise.all(Array.from({ length: 16 }, () => press(token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'invalid-token')).toHaveLength(15);
    await frozenOnce(owner.accountId);
    expect(await count(h, 'receipts', owner.accountId)).toBe(1);
    const used = answers.find(({ status }) => status === 200)?.body;
    expect(used.hold).toMatchObject({ scope: 'all', reasonCode: 'account-takeover' });
    expect(used.receipt.split('.')).toHaveLength(3);
    expect(used.caseReference).toMatch(/^HF-/);
  });

  it.each([
    ['an agent', ({ accountId }: { accountId: string }) => freezeByAgent(h, agent, accountId)],
    ['the owner', ({ accessToken }: { accessToken: string }) => h.post('/v1/me/freeze', {}, { token: accessToken })],
    ['another link', ({ email }: { email: string }) => freezeLinkOf(h, email).then(press)],
  ])('changes nothing more while a freeze by %s stands', async (_who, freeze) => {
    const owner = await newSignedIn(h);
    const token = await freezeLinkOf(h, owner.email);
    const standing = (await freeze(owner)).body;
    const mails = (await h.mails(owner.email)).length;
    h.clock.advance(60_000);
    const { status, body } = await press(token);
    expect(status).toBe(200);
    expect(body.hold.since).toBe(standing.hold.since);
    expect(body.hold.reasonCode).toBe(standing.hold.reasonCode);
    await frozenOnce(owner.accountId);
    expect(await count(h, 'events', owner.accountId, "type = 'account.frozen'")).toBe(1);
    expect(await h.mails(owner.email)).toHaveLength(mails);
    const { rows } = await h.pool.query(
      "select detail from events where account_id = $1 and type = 'freeze-link.used' and detail->>'changed' = 'false'",
      [owner.accountId],
    );
    expect(rows).toHaveLength(1);
  });

  it('V8.2.2 contains the account although a lesser hold stands', async () => {
    const owner = await newSignedIn(h);
    const token = await freezeLinkOf(h, owner.email);
    await h.post('/v1/me/freeze', { scope: 'payments' }, { token: owner.accessToken });
    expect((await press(token)).body.hold.scope).toBe('all');
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
  });

  it('works for fourteen days and not a moment longer', async () => {
    const owner = await newSignedIn(h);
    const token = await freezeLinkOf(h, owner.email);
    const other = await newSignedIn(h);
    const late = await freezeLinkOf(h, other.email);
    h.clock.advance(14 * DAY - 1000);
    expect((await press(token)).status).toBe(200);
    h.clock.advance(1000);
    expect((await press(late)).body.code).toBe('invalid-token');
    expect(await count(h, 'holds', other.accountId)).toBe(0);
    agent = await newAgent(h);
  });
});

describe('a link that is no good', () => {
  it('V6.3.8 has one answer, whether unknown, used, void, expired or of another kind', async () => {
    const owner = await newSignedIn(h);
    const used = await freezeLinkOf(h, owner.email);
    await press(used);
    const other = await newSignedIn(h);
    const voided = await freezeLinkOf(h, other.email);
    await h.pool.query('update links set voided_at = now() where account_id = $1', [other.accountId]);
    const third = await newSignedIn(h);
    const expired = await freezeLinkOf(h, third.email);
    await h.pool.query('update links set expires_at = $2 where account_id = $1', [third.accountId, h.clock.now()]);
    const fourth = await newAccount(h);
    await h.post('/v1/auth/password-reset', { identifier: fourth.email });
    const reset = await mailedToken(h, fourth.email, 'reset');
    const headers = { 'x-request-id': 'the-same-for-all' };
    for (const ask of ['/v1/auth/link', '/v1/auth/link/use']) {
      const input = (token: string) => (ask.endsWith('use') ? { token, confirm: true } : { token });
      const tokens = [UNKNOWN, used, voided, expired, reset, `${used}x`, 'somewhat'];
      const answers = await Promise.all(tokens.map((token) => h.post(ask, input(token), { headers })));
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size, ask).toBe(1);
      expect(answers[0]?.body.code).toBe('invalid-token');
    }
    const opened = await h.post('/v1/auth/password-reset/confirm', { token: reset, newPassword: `${PASSWORD} anew` });
    expect(opened.status).toBe(204);
  });

  it('is not pressed without a confirmation', async () => {
    const owner = await newSignedIn(h);
    const token = await freezeLinkOf(h, owner.email);
    for (const input of [{ token }, { token, confirm: false }, { token, confirm: 'true' }]) {
      expect((await h.post('/v1/auth/link/use', input)).body.code).toBe('invalid-request');
    }
    expect(await count(h, 'holds', owner.accountId)).toBe(0);
    expect((await press(token)).status).toBe(200);
  });

  it('OW-FP4 stands in the database as a hash alone', async () => {
    const owner = await newSignedIn(h);
    const token = await freezeLinkOf(h, owner.email);
    const { rows } = await h.pool.query('select row_to_json(l)::text as row from links l where account_id = $1', [
      owner.accountId,
    ]);
    for (const { row } of rows) {
      expect(row).not.toContain(token);
      expect(row).not.toContain(Buffer.from(token).toString('hex'));
    }
  });
});

describe('an unlock link', () => {
  it('DC-7 makes this browser a known device, and leaves the strangers locked out', async () => {
    const { email } = await newAccount(h);
    const token = await unlockLinkOf(email);
    expect((await look(token)).body).toMatchObject({ purpose: 'unlock-sign-in', event: { type: 'sign-in.locked' } });
    expect((await signIn(h, email)).code).toBe('too-many-attempts');
    const { deviceToken } = (await press(token)).body;
    expect((await signIn(h, email)).code).toBe('too-many-attempts');
    expect((await signIn(h, email, { deviceToken })).status).toBe('signed-in');
  });

  it('opens one door among sixteen who press it at once', async () => {
    const { email, accountId } = await newAccount(h);
    const token = await unlockLinkOf(email);
    const answers = await Promise.all(Array.from({ length: 16 }, () => press(token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await count(h, 'devices', accountId)).toBe(1);
  });

  it('opens nothing while the account is frozen, and is not spent by trying', async () => {
    const { email, accountId } = await newAccount(h);
    const token = await unlockLinkOf(email);
    await freezeByAgent(h, agent, accountId);
    expect((await press(token)).body.code).toBe('invalid-token');
    expect(await count(h, 'devices', accountId)).toBe(0);
    expect(await count(h, 'links', accountId, "purpose = 'unlock-sign-in' and used_at is not null")).toBe(0);
  });
});
