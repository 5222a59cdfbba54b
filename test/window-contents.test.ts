import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newAuthenticator } from './support/authenticator.ts';
import { type Harness, newAgent, openHarness, someEmail, type TestAgent, totpCode } from './support/harness.ts';
import { verify } from './support/lost-factor.ts';
import { originOf, register } from './support/passkeys.ts';
import { decide, eventsOf, move, newPayer, nextCode, type Payer } from './support/payer.ts';
import { count, freezeByAgent, hostKey, mailedToken, newSignedIn, signIn } from './support/seed.ts';

const DAY = 86_400_000;
let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
});
beforeEach(async () => {
  agent = await newAgent(h);
});
afterAll(() => h.close());

type Item = { kind: string; id: string | null; state: string; label: string; of: string | null; bornAt: string };

const path = (caseId: string) => `/v1/agent/cases/${caseId}/window`;
const contents = async (caseId: string): Promise<Item[]> => (await h.get(path(caseId), agent.accessToken)).body.items;
const setWindow = (caseId: string, from: string) =>
  h.post(path(caseId), { from, note: 'Since the first strange sign-in' }, { token: agent.accessToken });
const undo = (caseId: string, kind: string, id: string | null, token = agent.accessToken) =>
  h.post(`${path(caseId)}/undo`, { kind, id, note: 'Not the owner’s' }, { token });
const one = (items: Item[], kind: string, label = '') =>
  items.find((item) => item.kind === kind && item.label.includes(label)) as Item;

async function open(owner: { accessToken: string }, kind = 'takeover'): Promise<string> {
  const report = { kind, message: 'That was not me' };
  return (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body.caseId;
}

/** An owner who bound an authenticator long ago, and a thief who signs in now and binds what they can. */
async function newRobbed() {
  const owner = await newPayer(h);
  await decide(h, move(owner, { payee: { id: 'DE-old', name: 'Old friend' } }));
  h.clock.advance(40 * DAY);
  agent = await newAgent(h);
  await h.pool.query('update totp_factors set confirmed_at = created_at where account_id = $1', [owner.accountId]);
  const began = h.clock.now().toISOString();
  const thief: Payer = { ...owner, ...(await signIn(h, owner.email, { code: owner.recoveryCodes[0] })) };
  const token = thief.accessToken;
  const { body } = await decide(h, move(owner, { payee: { id: 'DE-thief', name: 'Mule' } }));
  const started = (await h.post('/v1/me/totp', { code: owner.recoveryCodes[1], name: 'Thief' }, { token })).body;
  await h.post('/v1/me/totp/confirm', { code: totpCode(started.secret, h.clock.now()) }, { token });
  const key = newAuthenticator(originOf(h));
  await register(h, token, key, { proof: { code: owner.recoveryCodes[2] }, name: 'Thief’s key' });
  const notice = someEmail();
  await h.post('/v1/me/notice-addresses', { email: notice, code: owner.recoveryCodes[3] }, { token });
  const confirmation = await mailedToken(h, notice, 'confirm-notice-address');
  await h.post('/v1/me/notice-addresses/confirm', { token: confirmation }, { token });
  const newEmail = someEmail();
  await h.post('/v1/me/email-change', { newEmail, code: owner.recoveryCodes[4] }, { token });
  await h.post('/v1/me/email-change/confirm', { token: await mailedToken(h, newEmail, 'confirm-address') }, { token });
  const caseId = await open(thief);
  expect((await setWindow(caseId, began)).status).toBe(200);
  return { owner, thief, caseId, newEmail, notice, transactionId: body.assessmentId as string };
}

describe('the contents of a window', () => {
  it('are everything born inside, and nothing that is older', async () => {
    const { caseId, owner, transactionId } = await newRobbed();
    const items = await contents(caseId);
    expect(new Set(items.map(({ kind }) => kind))).toEqual(
      new Set(['session', 'device', 'totp', 'passkey', 'contact-change', 'notice-address', 'payee', 'transaction']),
    );
    expect(items.filter(({ kind }) => kind === 'totp')).toMatchObject([{ label: 'Thief', state: 'active' }]);
    expect(items.filter(({ kind }) => kind === 'payee')).toMatchObject([{ state: 'active', label: 'Mule · DE-thief' }]);
    expect(one(items, 'transaction')).toMatchObject({ id: transactionId, of: 'allow' });
    expect(one(items, 'contact-change')).toMatchObject({ of: 'email', state: 'active' });
    expect(items.map(({ bornAt }) => bornAt)).toEqual(items.map(({ bornAt }) => bornAt).toSorted());
    expect(await count(h, 'events', owner.accountId, "type = 'account.read' and detail->>'view' = 'window'")).toBe(1);
  });

  it('are not there before a window is set, and are shown to nobody but agents', async () => {
    const owner = await newSignedIn(h);
    const caseId = await open(owner);
    const early = await h.get(path(caseId), agent.accessToken);
    expect([early.status, early.body.code, early.body.missing]).toEqual([409, 'step-not-ready', ['window-set']]);
    for (const token of [owner.accessToken, await hostKey(h)])
      expect((await h.get(path(caseId), token)).status).toBe(401);
    expect((await h.get(path(randomUUID()), agent.accessToken)).status).toBe(404);
  });
});

describe('taking back what was born inside', () => {
  it('ends the session, forgets the device and stops the transaction, each once', async () => {
    const { caseId, thief, owner, transactionId } = await newRobbed();
    const before = await contents(caseId);
    const session = one(before, 'session');
    expect(session.state).toBe('active');
    for (const kind of ['session', 'device', 'transaction'] as const) {
      const { id } = one(before, kind);
      const answers = await Promise.all(Array.from({ length: 16 }, () => undo(caseId, kind, id)));
      expect(answers.map(({ status, body }) => [status, body.state])).toEqual(Array(16).fill([200, 'undone']));
    }
    expect((await h.get('/v1/me', thief.accessToken)).status).toBe(401);
    expect(await eventsOf(h, owner.accountId, 'window.undone')).toHaveLength(3);
    const { rows } = await h.pool.query('select decision, marked_by, mark_proven from transactions where id = $1', [
      transactionId,
    ]);
    expect(rows).toEqual([{ decision: 'deny', marked_by: 'agent', mark_proven: true }]);
    const after = await contents(caseId);
    for (const kind of ['session', 'device', 'transaction']) expect(one(after, kind).state).toBe('undone');
  });

  it('unbinds factors, with cool-down and a mail to the owner, and leaves the older one', async () => {
    const { caseId, owner, newEmail } = await newRobbed();
    const items = await contents(caseId);
    for (const kind of ['totp', 'passkey']) {
      expect((await undo(caseId, kind, one(items, kind).id)).body.state).toBe('undone');
    }
    expect(await count(h, 'totp_factors', owner.accountId, 'confirmed_at is not null')).toBe(1);
    expect(await count(h, 'passkeys', owner.accountId)).toBe(0);
    expect(await count(h, 'holds', owner.accountId, "source = 'policy' and released_at is null")).toBe(1);
    expect(await count(h, 'sessions', owner.accountId, 'ended_at is null')).toBe(0);
    const told = (await h.mails(owner.email)).map(({ subject }) => subject);
    expect(told.some((subject) => subject.includes('Authenticator app removed'))).toBe(true);
    expect(told.some((subject) => subject.includes('asskey'))).toBe(true);
    expect((await h.mails(newEmail)).length).toBeGreaterThan(0);
    const gone = await contents(caseId);
    expect(gone.filter(({ kind }) => kind === 'totp' || kind === 'passkey').map(({ state }) => state)).toEqual([
      'undone',
      'undone',
    ]);
  });

  it('takes the last factor away only while the account is frozen', async () => {
    const owner = await newPayer(h);
    const caseId = await open(owner);
    await setWindow(caseId, new Date(h.clock.now().getTime() - DAY).toISOString());
    const { id } = one(await contents(caseId), 'totp');
    const refused = await undo(caseId, 'totp', id);
    expect([refused.status, refused.body.code]).toEqual([409, 'last-way-in']);
    expect(await count(h, 'totp_factors', owner.accountId)).toBe(1);
    expect(await count(h, 'sessions', owner.accountId, 'ended_at is null')).toBe(1);
    await freezeByAgent(h, agent, owner.accountId);
    expect((await undo(caseId, 'totp', id)).body.state).toBe('undone');
    expect(await count(h, 'totp_factors', owner.accountId)).toBe(0);
    expect(await count(h, 'recovery_codes', owner.accountId)).toBe(0);
    // Closed as it was: nothing signs in by the password alone.
    expect((await signIn(h, owner.email)).code).toBe('account-held');
  });

  it('takes recovery codes that were made inside', async () => {
    const owner = await newPayer(h);
    h.clock.advance(DAY);
    agent = await newAgent(h);
    const began = h.clock.now().toISOString();
    const back = await signIn(h, owner.email, { code: totpCode(owner.secret, h.clock.now()) });
    const { recoveryCodes } = (
      await h.post('/v1/me/recovery-codes', { code: nextCode(h, owner) }, { token: back.accessToken })
    ).body;
    const caseId = await open(back);
    await setWindow(caseId, began);
    const codes = one(await contents(caseId), 'recovery-codes');
    expect(codes).toMatchObject({ id: owner.accountId, label: '10', state: 'active' });
    expect((await undo(caseId, 'recovery-codes', codes.id)).body.state).toBe('undone');
    expect((await signIn(h, owner.email, { code: recoveryCodes[0] })).code).toBe('invalid-credentials');
    expect((await h.mails(owner.email)).some(({ subject }) => subject.includes('Recovery codes removed'))).toBe(true);
  });

  it('undoes a change of contact, which freezes, in this case and by an agent', async () => {
    const { caseId, owner, newEmail } = await newRobbed();
    const change = one(await contents(caseId), 'contact-change');
    expect((await undo(caseId, 'contact-change', change.id)).body.state).toBe('undone');
    const { rows } = await h.pool.query(
      `select a.email, h.source, h.case_id from accounts a join holds h on h.account_id = a.id and h.scope = 'all'
       where a.id = $1 and h.released_at is null`,
      [owner.accountId],
    );
    expect(rows).toEqual([{ email: owner.email, source: 'agent', case_id: caseId }]);
    const [event] = await eventsOf(h, owner.accountId, 'email.change-undone');
    expect([event.actor_kind, event.case_id]).toEqual(['agent', caseId]);
    expect((await signIn(h, newEmail)).code).toBe('invalid-credentials');
  });

  it('refuses a change of contact that can no longer be undone', async () => {
    const { caseId } = await newRobbed();
    const change = one(await contents(caseId), 'contact-change');
    h.clock.advance(8 * DAY);
    agent = await newAgent(h);
    const refused = await undo(caseId, 'contact-change', change.id);
    expect([refused.status, refused.body.code]).toEqual([409, 'past-undoing']);
    expect(one(await contents(caseId), 'contact-change').state).toBe('active');
  });

  it('removes a notice address, which then hears nothing of it', async () => {
    const { caseId, notice, owner } = await newRobbed();
    const { length } = await h.mails(notice);
    expect((await undo(caseId, 'notice-address', one(await contents(caseId), 'notice-address').id)).status).toBe(200);
    expect((await h.mails(notice)).length).toBe(length);
    expect((await h.mails(owner.email)).some(({ subject }) => /no longer gets|removed/i.test(subject))).toBe(true);
    expect(await eventsOf(h, owner.accountId, 'notice-address.removed')).toHaveLength(1);
  });

  it('a payee gets nothing more, with a grant neither, until a lead says that they are the owner’s', async () => {
    const { caseId, owner } = await newRobbed();
    const pay = (id: string) => decide(h, move(owner, { payee: { id, name: 'Mule' } }));
    const { id, state } = one(await contents(caseId), 'payee');
    expect(state).toBe('active');
    expect((await undo(caseId, 'payee', id)).body.state).toBe('undone');
    expect((await pay('DE-thief')).body).toMatchObject({ decision: 'deny', reasons: [{ rule: 'payee:quarantined' }] });
    expect((await pay('DE-old')).body.decision).toBe('allow');
    const trust = (token: string) =>
      h.post(`/v1/agent/cases/${caseId}/trust-payee`, { payeeId: id, note: 'A friend after all' }, { token });
    expect((await trust(agent.accessToken)).status).toBe(403);
    const lead = await newAgent(h, 'lead');
    const answers = await Promise.all(Array.from({ length: 16 }, () => trust(lead.accessToken)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array.from({ length: 15 }, () => 404)]);
    expect((await pay('DE-thief')).body.decision).toBe('allow');
  });

  it('refuses what is not inside, another’s, a closed case, and whoever may not', async () => {
    const { caseId, owner } = await newRobbed();
    const { rows } = await h.pool.query("select id from totp_factors where account_id = $1 and name <> 'Thief'", [
      owner.accountId,
    ]);
    const stranger = await newSignedIn(h);
    const outside = [
      ['totp', rows[0].id],
      ['session', stranger.sessionId],
      ['transaction', randomUUID()],
      ['payee', randomUUID()],
    ] as const;
    for (const [kind, id] of outside) {
      const { status, body } = await undo(caseId, kind, id);
      expect([status, body.errors?.[0]?.pointer]).toEqual([422, '/id']);
    }
    const session = one(await contents(caseId), 'session');
    expect((await undo(caseId, 'session', session.id, owner.accessToken)).status).toBe(401);
    const auditor = await newAgent(h, 'auditor');
    expect((await undo(caseId, 'session', session.id, auditor.accessToken)).status).toBe(403);
    await h.pool.query('update cases set closed_at = $2 where id = $1', [caseId, h.clock.now()]);
    expect((await undo(caseId, 'session', session.id)).body.code).toBe('case-closed');
  });

  it('keeps what is inside from proving who somebody is, before and after', async () => {
    const owner = await newSignedIn(h);
    const caseId = await open(owner);
    await h.post('/v1/me/totp', undefined, { token: owner.accessToken });
    await setWindow(caseId, new Date(h.clock.now().getTime() - randomInt(1, 9) * DAY).toISOString());
    expect((await verify(h, agent, caseId, 'older-factor')).body.errors).toMatchObject([{ pointer: '/kind' }]);
  });
});
