import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMarkable, reportableUntil } from '../src/transactions/rules.ts';
import { type Harness, newAgent, newApiKey, openHarness, type TestAgent } from './support/harness.ts';
import { decide, eventsOf, move, newGrant, newPayer, shoes } from './support/payer.ts';
import { count, freezeByAgent, hostKey, newAccount, newSignedIn, type SignedIn, signIn } from './support/seed.ts';

const DAY = 86_400_000;
let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

type Paid = { id: string; transactionId: string };

async function pay(owner: { accountId: string }, more: object = {}): Promise<Paid> {
  const wanted = move(owner, more);
  const { body } = await decide(h, wanted);
  return { id: body.assessmentId, transactionId: wanted.transactionId };
}

const mark = (token: string, id: string, mine: boolean, note?: string) =>
  h.post(`/v1/me/transactions/${id}/mark`, { mine, ...(note && { note }) }, { token });
const end = async (transactionId: string, outcome: string) =>
  h.post(`/v1/server/transactions/${transactionId}/outcome`, { outcome }, { token: await hostKey(h) });
const standing = async (transactionId: string) =>
  (await h.get(`/v1/server/transactions/${transactionId}`, await hostKey(h))).body;
const review = (id: string, decision: string) =>
  h.post(`/v1/agent/transactions/${id}/decide`, { decision, note: 'Looked at it' }, { token: agent.accessToken });
/** As a rule would: nothing decides for a review by itself yet. */
const park = (id: string) =>
  h.pool.query("update transactions set decision = 'review', status = 'pending-review' where id = $1", [id]);

/** Somebody frozen, and the token that their password gives them. */
async function newFrozen(): Promise<SignedIn & { caseToken: string; paid: Paid }> {
  const owner = await newSignedIn(h);
  const paid = await pay(owner);
  await freezeByAgent(h, agent, owner.accountId);
  const { caseToken } = await signIn(h, owner.email);
  return { ...owner, caseToken, paid };
}

describe('an owner’s transactions', () => {
  it('are listed page by page, newest first, without reasons or the payee’s account', async () => {
    const owner = await newSignedIn(h);
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.unshift((await pay(owner)).id);
    const first = (await h.get('/v1/me/transactions?limit=2', owner.accessToken)).body;
    const rest = (await h.get(`/v1/me/transactions?limit=2&cursor=${first.nextCursor}`, owner.accessToken)).body;
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids);
    expect(rest.nextCursor).toBeNull();
    expect(first.items[0]).toMatchObject({ amount: '12.50', currency: 'EUR', payeeName: 'Shoe Shop', mine: null });
    expect(JSON.stringify(first)).not.toContain(shoes.payee.id);
  });

  it('V8.2.2 are nobody else’s to see or to mark', async () => {
    const [owner, other] = [await newSignedIn(h), await newSignedIn(h)];
    const { id } = await pay(owner);
    expect((await h.get('/v1/me/transactions', other.accessToken)).body.items).toEqual([]);
    for (const [token, status] of [
      [other.accessToken, 404],
      [agent.accessToken, 401],
      [await hostKey(h), 401],
    ] as const)
      expect((await mark(token, id, false)).status).toBe(status);
    expect((await mark(owner.accessToken, randomUUID(), false)).body.code).toBe('not-found');
  });
});

describe('a transaction that is not mine', () => {
  it('opens a case with a receipt, stops what is not completed, and tells owner and host', async () => {
    const owner = await newSignedIn(h);
    const { id, transactionId } = await pay(owner);
    const { status, body } = await mark(owner.accessToken, id, false, 'I was asleep');
    expect(status).toBe(200);
    expect(body.transaction).toMatchObject({ mine: false, proven: true, decision: 'deny', status: 'resolved' });
    const keys = createLocalJWKSet((await h.get('/.well-known/jwks.json')).body);
    const { payload } = await jwtVerify(body.receipt, keys);
    expect(payload).toMatchObject({ event: 'reported', kind: 'unauthorised-transaction', case: body.reference });
    expect(await standing(transactionId)).toMatchObject({ decision: 'deny', status: 'resolved' });
    const { body: theCase } = await h.get(`/v1/me/cases/${body.caseId}`, owner.accessToken);
    expect(theCase).toMatchObject({ kind: 'unauthorised-transaction', priority: 'high' });
    expect(theCase.messages).toMatchObject([{ body: 'I was asleep', proven: true }]);
    expect((await h.mails(owner.email)).some(({ subject }) => subject.includes('was decided'))).toBe(true);
    const [resolved] = await eventsOf(h, owner.accountId, 'transaction.resolved');
    expect(resolved.detail).toMatchObject({ transactionId, decision: 'deny', reason: 'not-mine' });
  });

  it('joins the case that is open, and sends no second mail', async () => {
    const owner = await newSignedIn(h);
    const paid = [await pay(owner), await pay(owner), await pay(owner)];
    const cases = new Set<string>();
    for (const { id } of paid) cases.add((await mark(owner.accessToken, id, false)).body.caseId);
    expect(cases.size).toBe(1);
    const told = (await h.mails(owner.email)).filter(({ subject }) => subject.includes('was decided'));
    expect(told).toHaveLength(1);
    expect(await count(h, 'transactions', owner.accountId, "decision = 'deny'")).toBe(3);
  });

  it('is marked once among sixteen, in one case', async () => {
    const owner = await newSignedIn(h);
    const { id } = await pay(owner);
    const answers = await Promise.all(Array.from({ length: 16 }, () => mark(owner.accessToken, id, false)));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    expect(await eventsOf(h, owner.accountId, 'transaction.marked')).toHaveLength(1);
    expect(await eventsOf(h, owner.accountId, 'transaction.resolved')).toHaveLength(1);
    expect(await count(h, 'receipts', owner.accountId)).toBe(1);
  });

  it.each(['completed', 'reversed', 'failed'])('stays as it was decided once it is %s', async (outcome) => {
    const owner = await newSignedIn(h);
    const { id, transactionId } = await pay(owner);
    await end(transactionId, outcome);
    const { body } = await mark(owner.accessToken, id, false);
    expect(body.transaction).toMatchObject({ mine: false, decision: 'allow', status: 'decided', outcome });
    expect(body.caseId).toBeDefined();
    expect(await eventsOf(h, owner.accountId, 'transaction.resolved')).toEqual([]);
  });

  it('is either stopped or completed, never both, when host and owner come at once', async () => {
    const owner = await newSignedIn(h);
    for (let n = 0; n < 5; n++) {
      const { id, transactionId } = await pay(owner);
      await Promise.all([mark(owner.accessToken, id, false), end(transactionId, 'completed')]);
      const { rows } = await h.pool.query('select decision, outcome from transactions where id = $1', [id]);
      expect(rows[0].outcome).toBe('completed');
      const [ended] = await eventsOf(h, owner.accountId, 'transaction.ended').then((all) => all.slice(-1));
      expect(ended.detail.decision).toBe(rows[0].decision);
    }
  });

  it('stays stopped when the host asks again with a grant', async () => {
    const payer = await newPayer(h);
    const wanted = move(payer, { grant: 'hf_gr_not-one-of-ours-at-all' });
    const { body } = await decide(h, wanted);
    expect(body.decision).toBe('challenge');
    await mark(payer.accessToken, body.assessmentId, false);
    const grant = await newGrant(h, payer);
    expect((await decide(h, { ...wanted, grant })).body).toMatchObject({ decision: 'deny', status: 'resolved' });
  });

  it('PSD2 71 can be reported for thirteen months', async () => {
    const owner = await newSignedIn(h);
    const ago = (days: number) => new Date(h.clock.now().getTime() - days * DAY).toISOString();
    const old = await pay(owner, { occurredAt: ago(400) });
    const refused = await mark(owner.accessToken, old.id, false);
    expect([refused.status, refused.body.code]).toEqual([409, 'transaction-too-old']);
    expect(new Date(refused.body.until).getTime()).toBeLessThan(h.clock.now().getTime());
    expect(await count(h, 'cases', owner.accountId)).toBe(0);
    const inTime = await pay(owner, { occurredAt: ago(390) });
    expect((await mark(owner.accessToken, inTime.id, false)).status).toBe(200);
  });

  it('PSD2 71 counts months as the calendar does', () => {
    const until = (day: string) =>
      reportableUntil(new Date(`${day}T10:00:00Z`))
        .toISOString()
        .slice(0, 10);
    // biome-ignore format: a table reads as one
    const table = [
      ['2025-01-15', '2026-02-15'],
      ['2025-01-31', '2026-02-28'],
      ['2023-01-30', '2024-02-29'],
      ['2025-12-01', '2027-01-01'],
      ['2025-07-31', '2026-08-31'],
    ] as const;
    for (const [day, last] of table) expect(until(day)).toBe(last);
  });
});

describe('what is said by case token alone', () => {
  it('stops, unproven, also while frozen', async () => {
    const { caseToken, paid, accountId } = await newFrozen();
    expect((await h.get('/v1/me/transactions', caseToken)).body.items).toMatchObject([{ id: paid.id }]);
    const { body } = await mark(caseToken, paid.id, false);
    expect(body.transaction).toMatchObject({ mine: false, proven: false, decision: 'deny' });
    expect(await count(h, 'cases', accountId, "kind = 'unauthorised-transaction'")).toBe(1);
  });

  it('never takes back that it is not mine, and approves nothing', async () => {
    const { caseToken, paid } = await newFrozen();
    await park(paid.id);
    const claimed = (await mark(caseToken, paid.id, true)).body.transaction;
    expect(claimed).toMatchObject({ mine: true, proven: false, decision: 'review', status: 'pending-review' });
    await mark(caseToken, paid.id, false);
    const refused = await mark(caseToken, paid.id, true);
    expect([refused.status, refused.body.code]).toEqual([409, 'mark-stands']);
    expect(await standing(paid.transactionId)).toMatchObject({ decision: 'deny', status: 'resolved' });
  });

  it('is what a session says too that began inside the window of an open case', async () => {
    const owner = await newSignedIn(h);
    const { id } = await pay(owner);
    const report = { kind: 'complaint', message: 'Odd things' };
    const { caseId } = (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body;
    const from = new Date(h.clock.now().getTime() - DAY).toISOString();
    await h.post(`/v1/agent/cases/${caseId}/window`, { from, note: 'Since then' }, { token: agent.accessToken });
    expect((await mark(owner.accessToken, id, true)).body.transaction).toMatchObject({ mine: true, proven: false });
  });

  it('knows which mark may follow which', () => {
    const said = (mine: boolean | null, by: 'owner' | 'agent' | null) => ({ marked_mine: mine, marked_by: by });
    // biome-ignore format: a table reads as one
    const table = [
      [said(null, null),      { mine: true,  isProven: false }, true],
      [said(false, 'owner'),  { mine: true,  isProven: false }, false],
      [said(false, 'owner'),  { mine: true,  isProven: true },  true],
      [said(false, 'agent'),  { mine: true,  isProven: true },  false],
      [said(true, 'owner'),   { mine: false, isProven: false }, true],
      [said(true, 'agent'),   { mine: false, isProven: false }, true],
    ] as const;
    for (const [standing, next, may] of table) expect(isMarkable(standing, next)).toBe(may);
  });
});

describe('what became of a transaction', () => {
  it('is told by the host once; the same again changes nothing, another is refused', async () => {
    const owner = await newSignedIn(h);
    const { transactionId } = await pay(owner);
    const answers = await Promise.all(Array.from({ length: 16 }, () => end(transactionId, 'completed')));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(204));
    expect(await eventsOf(h, owner.accountId, 'transaction.ended')).toHaveLength(1);
    const other = await end(transactionId, 'failed');
    expect([other.status, other.body.code]).toEqual([409, 'transaction-settled']);
  });

  it('completed may be reversed later, by one of sixteen, and that is its end', async () => {
    const owner = await newSignedIn(h);
    const { transactionId } = await pay(owner);
    await end(transactionId, 'completed');
    h.clock.advance(60_000);
    const answers = await Promise.all(Array.from({ length: 16 }, () => end(transactionId, 'reversed')));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(204));
    const told = await eventsOf(h, owner.accountId, 'transaction.ended');
    expect(told.map(({ detail }) => detail.outcome)).toEqual(['completed', 'reversed']);
    for (const outcome of ['completed', 'failed']) expect((await end(transactionId, outcome)).status).toBe(409);
    const sql = 'select completed_at < outcome_at as is_later from transactions where transaction_id = $1';
    expect((await h.pool.query(sql, [transactionId])).rows).toEqual([{ is_later: true }]);
  });

  it('is refused for an unknown one, an unknown outcome, and without the scope', async () => {
    expect((await end(randomUUID(), 'completed')).status).toBe(404);
    expect((await end(randomUUID(), 'lost')).body.errors).toMatchObject([{ pointer: '/outcome' }]);
    const key = await newApiKey(h, ['accounts:read']);
    const path = `/v1/server/transactions/${randomUUID()}/outcome`;
    expect((await h.post(path, { outcome: 'completed' }, { token: key })).status).toBe(403);
  });
});

describe('a transaction that waits for review', () => {
  it.each(['allow', 'deny'])('is decided by an agent once: %s', async (decision) => {
    const owner = await newAccount(h);
    const { id, transactionId } = await pay(owner);
    await park(id);
    const answers = await Promise.all(Array.from({ length: 16 }, () => review(id, decision)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'transaction-settled')).toHaveLength(15);
    expect(await standing(transactionId)).toMatchObject({ decision, status: 'resolved' });
    const [event] = await eventsOf(h, owner.accountId, 'transaction.resolved');
    expect(event.detail).toMatchObject({ decision, reason: 'reviewed', note: 'Looked at it' });
  });

  it('is not allowed while a hold stops it, and may be denied', async () => {
    const owner = await newAccount(h);
    const { id } = await pay(owner);
    await park(id);
    await freezeByAgent(h, agent, owner.accountId);
    expect((await review(id, 'allow')).body.code).toBe('account-held');
    expect((await review(id, 'deny')).status).toBe(200);
  });

  it('is stopped when its owner disowns it, and allowed by nobody then', async () => {
    const owner = await newSignedIn(h);
    const { id } = await pay(owner);
    await park(id);
    await mark(owner.accessToken, id, false);
    expect((await review(id, 'allow')).body.code).toBe('transaction-settled');
  });

  it('is not allowed when it came to be inside the window of an open case', async () => {
    const owner = await newSignedIn(h);
    const { id } = await pay(owner);
    await park(id);
    const report = { kind: 'complaint', message: 'Odd things' };
    const { caseId } = (await h.post('/v1/me/reports', report, { token: owner.accessToken })).body;
    const from = new Date(h.clock.now().getTime() - DAY).toISOString();
    await h.post(`/v1/agent/cases/${caseId}/window`, { from, note: 'Since then' }, { token: agent.accessToken });
    expect((await review(id, 'allow')).body.code).toBe('transaction-doubted');
    expect((await review(id, 'deny')).status).toBe(200);
  });

  it('is nobody’s but an agent’s to decide', async () => {
    const owner = await newSignedIn(h);
    const { id } = await pay(owner);
    const path = `/v1/agent/transactions/${id}/decide`;
    const body = { decision: 'allow', note: 'Mine' };
    for (const token of [owner.accessToken, await hostKey(h)])
      expect((await h.post(path, body, { token })).status).toBe(401);
    const auditor = await newAgent(h, 'auditor');
    expect((await h.post(path, body, { token: auditor.accessToken })).status).toBe(403);
    expect((await review(id, 'allow')).body.code).toBe('transaction-settled');
    expect((await review(randomUUID(), 'allow')).status).toBe(404);
  });
});

describe('PSD2 72 who bears the loss', () => {
  it('is shown with how the payer was authenticated, on which device, and when it was reported', async () => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    const confirmed = await pay(payer, { grant, sessionId: payer.sessionId });
    const bare = await pay(payer, { sessionId: randomUUID() });
    await end(confirmed.transactionId, 'completed');
    const { caseId } = (await mark(payer.accessToken, confirmed.id, false)).body;
    await mark(payer.accessToken, bare.id, false);
    h.clock.advance(60_000);
    await end(bare.transactionId, 'completed');
    const { body } = await h.get(`/v1/agent/cases/${caseId}/liability`, agent.accessToken);
    const of = ({ transactionId }: Paid) =>
      body.items.find((item: { transactionId: string }) => item.transactionId === transactionId);
    expect(of(confirmed)).toMatchObject({ confirmedWith: 'totp', signedInWith: ['pwd'], completedAfterReport: false });
    expect(of(confirmed).device.since).not.toBeNull();
    expect(of(bare)).toMatchObject({
      confirmedWith: null,
      signedInWith: null,
      device: null,
      completedAfterReport: true,
    });
  });
});
