import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, newReporter, pay, readCase, work } from './support/case-work.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { freezeByAgent, newSignedIn } from './support/seed.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let h: Harness;
let agent: TestAgent;
let lead: TestAgent;
let auditor: TestAgent;
beforeAll(async () => {
  // Access tokens that last, so that time can pass.
  h = await openHarness({ policy: { 'access.ttl': 6 * HOUR } });
  [agent, lead, auditor] = await Promise.all([newAgent(h), newAgent(h, 'lead'), newAgent(h, 'auditor')]);
});
afterAll(() => h.close());

describe('a claim', () => {
  it('is won by one of sixteen agents at once, and by nobody after', async () => {
    const { caseId } = await newReporter(h);
    const agents = await Promise.all(Array.from({ length: 16 }, () => newAgent(h)));
    const answers = await Promise.all(agents.map((each) => work(h, each, caseId, 'claim')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(15).fill(409)]);
    const winner = agents[answers.findIndex(({ status }) => status === 200)];
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'case-claimed' });
    expect((await work(h, agent, caseId, 'claim')).body).toMatchObject({ assignee: winner?.agentId });
    expect((await readCase(h, agent, caseId)).assignee).toBe(winner?.agentId);
    expect(await eventsOf(h, caseId, 'case.claimed')).toEqual([{ actor_id: winner?.agentId, detail: {} }]);
  });

  it('is refused for no case, for a closed one, and to those who only read', async () => {
    const { caseId, accessToken } = await newReporter(h);
    expect((await work(h, agent, randomUUID(), 'claim')).status).toBe(404);
    expect((await work(h, auditor, caseId, 'claim')).status).toBe(403);
    expect((await h.post(`/v1/agent/cases/${caseId}/claim`, {}, { token: accessToken })).status).toBe(401);
    await h.pool.query("update cases set closed_at = opened_at, outcome = 'solved' where id = $1", [caseId]);
    expect((await work(h, agent, caseId, 'claim')).body.code).toBe('case-closed');
  });
});

describe('an assignment', () => {
  it('is made by a lead, to somebody who handles cases, and taken back', async () => {
    const { caseId } = await newReporter(h);
    expect((await work(h, agent, caseId, 'assign', { agentId: agent.agentId })).status).toBe(403);
    expect((await work(h, lead, caseId, 'assign', { agentId: agent.agentId })).body.assignee).toBe(agent.agentId);
    for (const agentId of [auditor.agentId, randomUUID()]) {
      const refused = await work(h, lead, caseId, 'assign', { agentId });
      expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/agentId']);
    }
    expect((await work(h, lead, caseId, 'assign', { agentId: null })).body.assignee).toBeNull();
    const details = (await eventsOf(h, caseId, 'case.assigned')).map(({ detail }) => detail.to);
    expect(details).toEqual([agent.agentId, null]);
  });
});

describe('what is said in a case', () => {
  it('reaches the owner as a message, once as the first answer, with a mail that does not quote it', async () => {
    const { caseId, email, accessToken } = await newReporter(h);
    const told = (await readCase(h, agent, caseId)).promises[0];
    expect(told).toMatchObject({ what: 'first-answer', by: 'support', kept: false });
    expect((await work(h, agent, caseId, 'messages', { message: 'Which payments?' })).status).toBe(201);
    h.clock.advance(MINUTE);
    await work(h, agent, caseId, 'messages', { message: 'Anything else?' });
    expect((await eventsOf(h, caseId, 'case.answered')).map(({ detail }) => detail.isFirst)).toEqual([true, false]);
    const own = (await h.get(`/v1/me/cases/${caseId}`, accessToken)).body;
    expect(own.messages.map((each: { author: string }) => each.author)).toEqual(['owner', 'agent', 'agent']);
    expect(own.promises[0]).toMatchObject({ kept: true });
    const mail = (await h.mails(email)).find(({ subject }) => subject.includes('New message on your'));
    expect(mail?.text).not.toContain('Which payments?');
  });

  it('among agents is a note that the owner never sees', async () => {
    const { caseId, accessToken } = await newReporter(h);
    expect((await work(h, agent, caseId, 'notes', { note: 'Sounds like a relative' })).status).toBe(201);
    expect((await h.get(`/v1/me/cases/${caseId}`, accessToken)).text).not.toContain('relative');
    expect((await h.get('/v1/me/export', accessToken)).text).not.toContain('relative');
    expect((await readCase(h, agent, caseId)).messages.at(-1)).toMatchObject({ kind: 'note', author: 'agent' });
    expect((await readCase(h, agent, caseId)).firstAnswerAt).toBeNull();
  });

  it('on the phone is written down with channel, party and what was agreed, and counts as an answer', async () => {
    const { caseId } = await newReporter(h);
    const contact = { channel: 'phone', summary: 'Called back', agreed: 'Sends a statement' };
    expect((await work(h, agent, caseId, 'contacts', { ...contact, party: 'bank' })).status).toBe(201);
    expect((await readCase(h, agent, caseId)).firstAnswerAt).toBeNull();
    expect((await work(h, agent, caseId, 'contacts', contact)).body).toMatchObject({ ...contact, party: 'owner' });
    const seen = await readCase(h, agent, caseId);
    expect(seen.contacts).toHaveLength(2);
    expect(seen.firstAnswerAt).toBe(h.clock.now().toISOString());
    expect((await work(h, agent, caseId, 'contacts', { ...contact, channel: 'fax' })).body.errors[0].pointer).toBe(
      '/channel',
    );
  });

  it('is refused where nothing can be said', async () => {
    const { caseId } = await newReporter(h);
    for (const [what, body] of [
      ['notes', { note: ' ' }],
      ['messages', {}],
      ['contacts', { channel: 'mail' }],
    ] as const)
      expect((await work(h, agent, caseId, what, body)).status, what).toBe(422);
    expect((await work(h, auditor, caseId, 'notes', { note: 'x' })).status).toBe(403);
    expect((await work(h, agent, randomUUID(), 'messages', { message: 'x' })).status).toBe(404);
  });
});

describe('a snoozed case', () => {
  const isQueued = async (caseId: string, status = 'open') =>
    (
      await h.get(`/v1/agent/cases?status=${status}&assignee=${agent.agentId}&limit=200`, agent.accessToken)
    ).body.items.some(({ id }: { id: string }) => id === caseId);
  const inMinutes = (minutes: number) => new Date(h.clock.now().getTime() + minutes * MINUTE).toISOString();

  it('leaves the queue and comes back by itself', async () => {
    const { caseId } = await newReporter(h, 'complaint');
    await work(h, agent, caseId, 'claim');
    const until = inMinutes(10);
    expect((await work(h, agent, caseId, 'snooze', { until })).body).toMatchObject({
      status: 'snoozed',
      snoozedUntil: until,
    });
    expect([await isQueued(caseId), await isQueued(caseId, 'snoozed')]).toEqual([false, true]);
    h.clock.advance(10 * MINUTE);
    expect([await isQueued(caseId), await isQueued(caseId, 'snoozed')]).toEqual([true, false]);
  });

  it('comes back when its owner writes, and when taken back', async () => {
    const { caseId, accessToken } = await newReporter(h, 'complaint');
    await work(h, agent, caseId, 'claim');
    await work(h, agent, caseId, 'snooze', { until: inMinutes(10) });
    await h.post(`/v1/me/cases/${caseId}/messages`, { message: 'Hello?' }, { token: accessToken });
    expect(await isQueued(caseId)).toBe(true);
    await work(h, agent, caseId, 'snooze', { until: inMinutes(10) });
    await work(h, agent, caseId, 'snooze', { until: null });
    expect(await isQueued(caseId)).toBe(true);
  });

  it('is never set aside past what is promised, nor into the past', async () => {
    const { caseId } = await newReporter(h);
    for (const until of [inMinutes(61), inMinutes(0), inMinutes(-5)]) {
      const refused = await work(h, agent, caseId, 'snooze', { until });
      expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/until']);
    }
    expect((await work(h, agent, caseId, 'snooze', { until: inMinutes(60) })).status).toBe(200);
  });
});

describe('money at risk', () => {
  it('makes a case more urgent as it grows, and tells how much it is', async () => {
    const owner = await newSignedIn(h);
    const ids = [
      await pay(h, owner.accountId, { amount: '400.00' }),
      await pay(h, owner.accountId, { amount: '700.00' }),
      await pay(h, owner.accountId, { amount: '10000.00' }),
      await pay(h, owner.accountId, { amount: '99999', currency: 'JPY' }),
    ];
    const reportOf = async (transactionId: string | undefined) =>
      (
        await h.post(
          '/v1/me/reports',
          { kind: 'complaint', message: 'x', transactionIds: [transactionId] },
          { token: owner.accessToken },
        )
      ).body.caseId;
    const caseId = await reportOf(ids[0]);
    expect(await readCase(h, agent, caseId)).toMatchObject({ moneyAtRisk: 400, priority: 'normal' });
    await reportOf(ids[3]);
    expect(await readCase(h, agent, caseId)).toMatchObject({ moneyAtRisk: 999.99, priority: 'normal' });
    await reportOf(ids[1]);
    expect(await readCase(h, agent, caseId)).toMatchObject({ moneyAtRisk: 1100, priority: 'high' });
    await reportOf(ids[2]);
    expect(await readCase(h, agent, caseId)).toMatchObject({ moneyAtRisk: 11100, priority: 'urgent' });
    expect((await eventsOf(h, caseId, 'case.raised')).map(({ detail }) => detail.from)).toEqual(['normal', 'high']);
  });

  it('is what left inside the window too, but for what was refused', async () => {
    const { accountId, caseId } = await newReporter(h, 'complaint');
    await pay(h, accountId, { amount: '2500.00' });
    await h.pool.query("update transactions set decision = 'deny' where account_id = $1", [accountId]);
    await pay(h, accountId, { amount: '1500.00' });
    h.clock.advance(1000);
    const from = new Date(h.clock.now().getTime() - HOUR).toISOString();
    await work(h, agent, caseId, 'window', { from, note: 'A device nobody knows' });
    expect(await readCase(h, agent, caseId)).toMatchObject({ moneyAtRisk: 1500, priority: 'high' });
  });
});

describe('a merge', () => {
  it('moves what one case holds into the other, with the earlier promises', async () => {
    const { caseId: into, accessToken, accountId } = await newReporter(h, 'takeover');
    const report = { kind: 'unauthorised-transaction', message: 'And this one' };
    const { caseId } = (await h.post('/v1/me/reports', report, { token: accessToken })).body;
    await work(h, agent, caseId, 'contacts', { channel: 'phone', summary: 'Called' });
    await work(h, agent, caseId, 'evidence', { text: 'A screenshot shows it' });
    const before = await readCase(h, agent, caseId);
    // A takeover asks for window and identity, the other does not: it cannot take it in.
    const refused = await work(h, agent, into, 'merge', { into: caseId, note: 'Same' });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/into']);
    const merged = await work(h, agent, caseId, 'merge', { into, note: 'Same thief' });
    expect(merged.body).toMatchObject({ id: into, priority: 'urgent', refund: before.refund });
    const whole = await readCase(h, agent, into);
    expect(whole.messages.map((each: { body: string }) => each.body)).toEqual(['That was not me', 'And this one']);
    expect(whole.contacts).toHaveLength(1);
    expect(await readCase(h, agent, caseId)).toMatchObject({ status: 'closed', outcome: 'merged', mergedInto: into });
    const { items } = (await h.get(`/v1/agent/cases/${into}/timeline?limit=200`, agent.accessToken)).body;
    const types = items.map((each: { type: string }) => each.type);
    expect(types.filter((type: string) => type === 'case.opened')).toHaveLength(2);
    expect(types).toEqual(expect.arrayContaining(['report', 'phone', 'text', 'case.merged']));
    const at = items.map((each: { at: string }) => each.at);
    expect(at).toEqual(at.toSorted());
    const evidence = (await h.get(`/v1/agent/cases/${into}/evidence`, agent.accessToken)).body.items;
    expect(evidence).toHaveLength(1);
    expect((await work(h, agent, caseId, 'notes', { note: 'x' })).body.code).toBe('case-closed');
    expect(
      (await h.pool.query('select count(*)::int as n from cases where account_id = $1', [accountId])).rows[0].n,
    ).toBe(2);
  });

  it('is refused with itself, with another account’s, with a closed one', async () => {
    const one = await newReporter(h);
    const other = await newReporter(h);
    for (const into of [one.caseId, other.caseId, randomUUID()])
      expect((await work(h, agent, one.caseId, 'merge', { into, note: 'x' })).body.errors[0].pointer).toBe('/into');
    expect((await work(h, auditor, one.caseId, 'merge', { into: other.caseId, note: 'x' })).status).toBe(403);
  });

  it('both ways at once leaves one open', async () => {
    const { caseId, accessToken } = await newReporter(h, 'complaint');
    const { caseId: other } = (
      await h.post('/v1/me/reports', { kind: 'locked-out', message: 'x' }, { token: accessToken })
    ).body;
    await h.pool.query("update cases set kind = 'scam' where id = $1", [caseId]);
    const { caseId: third } = (
      await h.post('/v1/me/reports', { kind: 'complaint', message: 'x' }, { token: accessToken })
    ).body;
    const answers = await Promise.all([
      work(h, agent, third, 'merge', { into: caseId, note: 'x' }),
      work(h, lead, third, 'merge', { into: other, note: 'x' }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});

describe('the queue', () => {
  const queue = async (query: string) => (await h.get(`/v1/agent/cases?${query}`, agent.accessToken)).body;

  it('goes by urgency and by what is due next, page after page, and filters', async () => {
    const mine = await newAgent(h);
    const ids = [];
    for (const kind of ['complaint', 'takeover', 'unauthorised-transaction', 'locked-out', 'takeover']) {
      const { caseId } = await newReporter(h, kind);
      await work(h, mine, caseId, 'claim');
      ids.push(caseId);
      h.clock.advance(MINUTE);
    }
    const token = mine.accessToken;
    const listed = async (more: string) =>
      (await h.get(`/v1/agent/cases?assignee=me&${more}`, token)).body.items.map(({ id }: { id: string }) => id);
    const expected = [ids[1], ids[4], ids[2], ids[0], ids[3]];
    expect(await listed('')).toEqual(expected);
    const first = (await h.get('/v1/agent/cases?assignee=me&limit=2', token)).body;
    const second = (await h.get(`/v1/agent/cases?assignee=me&limit=3&cursor=${first.nextCursor}`, token)).body;
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(expected);
    expect(second.nextCursor).toBeNull();
    expect(await listed('kind=takeover')).toEqual([ids[1], ids[4]]);
    expect(await listed('priority=normal')).toEqual([ids[0], ids[3]]);
    expect(await listed('priority=normal&kind=takeover')).toEqual([]);
    await work(h, mine, ids[1] ?? '', 'messages', { message: 'We are on it' });
    expect(await listed('kind=takeover')).toEqual([ids[4], ids[1]]);
    await h.pool.query("update cases set closed_at = $2, outcome = 'solved' where id = $1", [ids[0], h.clock.now()]);
    expect(await listed('status=closed')).toEqual([ids[0]]);
    expect(await listed('')).not.toContain(ids[0]);
    const { caseId: free } = await newReporter(h, 'takeover');
    expect((await queue('assignee=none&limit=200')).items.map(({ id }: { id: string }) => id)).toContain(free);
    expect((await queue('assignee=none&limit=200')).items.map(({ id }: { id: string }) => id)).not.toContain(ids[4]);
    for (const wrong of ['status=asleep', 'priority=x', 'assignee=somebody', 'cursor=9'])
      expect((await h.get(`/v1/agent/cases?${wrong}`, agent.accessToken)).status, wrong).toBe(422);
  });
});

describe('linked accounts', () => {
  it('share an address, a payee or a device, and say which; reading them is an event', async () => {
    const payee = { id: `mule-${randomUUID()}` };
    const deviceId = randomUUID();
    const [one, two, three] = await Promise.all([newSignedIn(h), newSignedIn(h), newSignedIn(h)]);
    await pay(h, one.accountId, { payee, deviceId });
    await pay(h, two.accountId, { payee });
    await pay(h, three.accountId, { deviceId, payee: { id: `other-${randomUUID()}` } });
    await h.pool.query("update sessions set ip = '198.51.100.7' where id = any($1)", [[one.sessionId, two.sessionId]]);
    await freezeByAgent(h, agent, three.accountId);
    const reader = await newAgent(h, 'auditor');
    const { body } = await h.get(`/v1/agent/accounts/${one.accountId}/links`, reader.accessToken);
    const reasonsOf = (accountId: string) =>
      body.items
        .find((item: { accountId: string }) => item.accountId === accountId)
        ?.reasons.map(({ what }: { what: string }) => what);
    expect(body.items, JSON.stringify(body)).toHaveLength(2);
    expect(reasonsOf(two.accountId)).toEqual(['address', 'payee']);
    expect(reasonsOf(three.accountId)).toEqual(['device']);
    expect(body.items.map((item: { frozen: boolean }) => item.frozen)).toEqual([false, true]);
    const reads = `select detail from events where account_id = $1 and type = 'account.read'`;
    expect((await h.pool.query(reads, [one.accountId])).rows).toEqual([{ detail: { view: 'links' } }]);
    expect((await h.get(`/v1/agent/accounts/${randomUUID()}/links`, agent.accessToken)).status).toBe(404);
  });
});
