import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carryOutApprovals } from '../src/approvals/carry-out.ts';
import { keepHouse } from '../src/housekeeping/housekeeping.ts';
import { askBulk, askUndo, countFrozen, plantAccounts, readBulk, run, runUndo } from './support/bulk.ts';
import { pay } from './support/case-work.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { newSeasoned } from './support/lost-factor.ts';
import { decide, HOUR } from './support/release.ts';
import { newAccount, newSignedIn, signIn } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
let lead: TestAgent;
let auditor: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  [agent, lead] = [await newSeasoned(h, 'agent'), await newSeasoned(h, 'lead')];
  auditor = await newAgent(h, 'auditor');
});
afterAll(() => h.close());

const eventsOf = async (jobId: string) =>
  (await h.pool.query(`select type from events where detail->>'bulkFreezeId' = $1 order by id`, [jobId])).rows.map(
    ({ type }) => type,
  );

describe('a bulk freeze', () => {
  it('of few begins at once: each is frozen, under one case with one ticket', async () => {
    const owners = [await newSignedIn(h), await newSignedIn(h)];
    const accountIds = owners.map(({ accountId }) => accountId);
    const asked = await askBulk(h, agent, { accountIds: [...accountIds, accountIds[0]?.toUpperCase()] });
    expect([asked.status, asked.body]).toMatchObject([202, { status: 'running', total: 2 }]);
    expect(asked.body).not.toHaveProperty('approvalId');
    await run(h);
    const done = await readBulk(h, agent, asked.body.jobId);
    const progress = { frozen: 2, heldBefore: 0, failed: 0, waiting: 0, undone: 0, notUndone: 0 };
    expect(done).toMatchObject({ status: 'finished', progress, failures: [] });
    for (const { email, accessToken } of owners) {
      expect((await signIn(h, email)).code).toBe('account-held');
      expect((await h.get('/v1/me', accessToken)).status).toBe(401);
      const [mail] = await h.mails(email);
      expect([mail?.subject, mail?.text]).toEqual([
        expect.stringMatching(/is frozen$/),
        expect.stringContaining(done.caseReference),
      ]);
    }
    const { items } = (await h.get(`/v1/agent/tickets?caseId=${done.caseId}`, agent.accessToken)).body;
    expect(items).toMatchObject([{ status: 'open', priority: 'urgent' }]);
    expect(await eventsOf(done.jobId)).toEqual([
      'bulk-freeze.requested',
      'bulk-freeze.started',
      'bulk-freeze.finished',
    ]);
  });

  it('lists ids of no open account as failures, and freezes the others', async () => {
    const [unknown, closed, open] = [randomUUID(), ...(await plantAccounts(h, 2))] as [string, string, string];
    await h.pool.query('update accounts set closed_at = $2 where id = $1', [closed, h.clock.now()]);
    const { body } = await askBulk(h, agent, { accountIds: [unknown, closed, open] });
    await run(h);
    const { progress, failures } = await readBulk(h, agent, body.jobId);
    expect(progress).toMatchObject({ frozen: 1, failed: 2, waiting: 0 });
    expect(new Set(failures)).toEqual(
      new Set([
        { accountId: unknown, what: 'freeze', reason: 'not-found' },
        { accountId: closed, what: 'freeze', reason: 'closed' },
      ]),
    );
    expect(await countFrozen(h, [open])).toBe(1);
  });

  it('V2.3.5 of more than fifty waits for a second person, who is not the first', async () => {
    const accountIds = await plantAccounts(h, 51);
    const { body } = await askBulk(h, agent, { accountIds });
    expect(body).toMatchObject({ status: 'waiting', total: 51, approvalId: expect.any(String), caseId: null });
    await run(h);
    expect(await countFrozen(h, accountIds)).toBe(0);
    expect(await decide(h, agent, body.approvalId)).toMatchObject({ status: 403, body: { code: 'self-approval' } });
    const other = await newSeasoned(h, 'agent');
    expect(await decide(h, other, body.approvalId)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const fresh = await newAgent(h, 'lead');
    expect((await decide(h, fresh, body.approvalId)).body).toMatchObject({ reason: 'too-new' });

    const { items } = (await h.get('/v1/agent/approvals?status=pending', lead.accessToken)).body;
    expect(items[0]).toMatchObject({ kind: 'bulk-freeze', subjectId: body.jobId, accountId: null });
    expect((await decide(h, lead, body.approvalId)).body.status).toBe('done');
    expect((await readBulk(h, agent, body.jobId)).status).toBe('running');
    await run(h);
    expect(await countFrozen(h, accountIds)).toBe(51);
  });

  it('V15.4.2 begins once, whoever agrees: sixteen yeses at once make one case', async () => {
    const accountIds = await plantAccounts(h, 51);
    const { body } = await askBulk(h, agent, { accountIds });
    const answers = await Promise.all(Array.from({ length: 16 }, () => decide(h, lead, body.approvalId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(15).fill(409)]);
    expect((await eventsOf(body.jobId)).filter((type) => type === 'bulk-freeze.started')).toHaveLength(1);
    await run(h);
    const opened = `select count(*)::int as n from cases where id = (select case_id from bulk_freezes where id = $1)`;
    expect((await h.pool.query(opened, [body.jobId])).rows[0].n).toBe(1);
  });

  it('that is rejected, or decided by nobody in time, freezes nobody', async () => {
    const accountIds = await plantAccounts(h, 51);
    const rejected = (await askBulk(h, agent, { accountIds })).body;
    await decide(h, lead, rejected.approvalId, 'reject');
    await run(h);
    expect((await readBulk(h, agent, rejected.jobId)).status).toBe('called-off');
    const late = (await askBulk(h, agent, { accountIds })).body;
    await h.pool.query(
      `update approvals set requested_at = requested_at - interval '2 days', expires_at = $2 where id = $1`,
      [late.approvalId, h.clock.now()],
    );
    await carryOutApprovals(h.instance.ctx);
    expect((await decide(h, lead, late.approvalId)).body.code).toBe('approval-closed');
    await run(h);
    expect((await readBulk(h, agent, late.jobId)).status).toBe('called-off');
    expect(await countFrozen(h, accountIds)).toBe(0);
  });

  it('keeps a hold of the same kind that stood before', async () => {
    const [accountId] = (await plantAccounts(h, 1)) as [string];
    await h.post(
      `/v1/agent/accounts/${accountId}/freeze`,
      { reasonCode: 'account-takeover', note: 'x' },
      { token: agent.accessToken },
    );
    const { body } = await askBulk(h, agent, { accountIds: [accountId] });
    await run(h);
    expect((await readBulk(h, agent, body.jobId)).progress).toMatchObject({ frozen: 1, heldBefore: 1 });
    expect((await h.pool.query('select id from holds where account_id = $1', [accountId])).rowCount).toBe(1);
  });
});

describe('a dry run', () => {
  it('says how many and shows some, masked, but freezes nobody and asks nobody', async () => {
    const accountIds = await plantAccounts(h, 60);
    const { status, body } = await askBulk(h, agent, { accountIds, dryRun: true });
    expect([status, body.status, body.total, body.sample.length]).toEqual([202, 'dry-run', 60, 20]);
    expect(body).not.toHaveProperty('approvalId');
    expect(body.sample[0]).toEqual({ id: accountIds[0], email: 'm…@example.com', username: null });
    await run(h);
    expect(await countFrozen(h, accountIds)).toBe(0);
    expect((await readBulk(h, auditor, body.jobId)).status).toBe('dry-run');
    expect((await askUndo(h, agent, body.jobId)).body.code).toBe('step-not-ready');
    await h.pool.query(`update bulk_freezes set requested_at = requested_at - interval '31 days' where id = $1`, [
      body.jobId,
    ]);
    await keepHouse(h.instance.ctx);
    expect((await h.get(`/v1/agent/bulk-freezes/${body.jobId}`, agent.accessToken)).status).toBe(404);
  });
});

describe('a filter', () => {
  const matching = async (filter: object) => {
    const { status, text, body } = await askBulk(h, agent, { filter, dryRun: true });
    expect([status, text]).toEqual([202, expect.any(String)]);
    expect(body.filter).toEqual(filter);
    return new Set(body.sample.map(({ id }: { id: string }) => id));
  };

  it('finds who shares an address or network, a payee, a device, and who is linked to a case', async () => {
    const ip = '198.51.100.7';
    const [one, two, far] = [await newAccount(h), await newAccount(h), await newAccount(h)];
    await signIn(h, one.email, {}, { ip });
    await signIn(h, two.email, {}, { ip: '198.51.100.90' });
    await signIn(h, far.email, {}, { ip: '203.0.113.3' });
    expect(await matching({ ip })).toEqual(new Set([one.accountId]));
    expect(await matching({ ip: '198.51.100.0/24' })).toEqual(new Set([one.accountId, two.accountId]));
    await pay(h, one.accountId, { payee: { id: 'mule' } });
    await pay(h, far.accountId, { payee: { id: 'mule' } });
    expect(await matching({ payeeId: 'mule' })).toEqual(new Set([one.accountId, far.accountId]));
    expect(await matching({ payeeId: 'mule', ip })).toEqual(new Set([one.accountId]));
    const { rows } = await h.pool.query('select device_id from sessions where account_id = $1', [two.accountId]);
    expect(await matching({ deviceId: rows[0].device_id })).toEqual(new Set([two.accountId]));
    const { body } = await h.post(
      `/v1/agent/accounts/${one.accountId}/freeze`,
      { reasonCode: 'account-takeover', note: 'x' },
      { token: agent.accessToken },
    );
    expect(await matching({ caseId: body.caseId })).toEqual(new Set([one.accountId, far.accountId]));
    await h.pool.query('update accounts set closed_at = $2 where id = $1', [far.accountId, h.clock.now()]);
    expect(await matching({ payeeId: 'mule' })).toEqual(new Set([one.accountId]));
  });

  it('is looked up once, when it is asked for', async () => {
    const [early, late] = [await newAccount(h), await newAccount(h)];
    await pay(h, early.accountId, { payee: { id: 'once' } });
    const { body } = await askBulk(h, agent, { filter: { payeeId: 'once' } });
    await pay(h, late.accountId, { payee: { id: 'once' } });
    await run(h);
    expect((await readBulk(h, agent, body.jobId)).progress.frozen).toBe(1);
    expect(await countFrozen(h, [early.accountId, late.accountId])).toBe(1);
  });
});

describe('what is refused', () => {
  it.each([
    ['nothing to freeze', {}, '/accountIds'],
    ['an empty list', { accountIds: [] }, '/accountIds'],
    ['both', { accountIds: [randomUUID()], filter: { payeeId: 'x' } }, '/accountIds'],
    ['no open account', { accountIds: [randomUUID()] }, '/accountIds'],
    ['no id', { accountIds: ['x'] }, '/accountIds/0'],
    ['an empty filter', { filter: {} }, '/filter'],
    ['a filter that fits nobody', { filter: { payeeId: 'nobody-pays-them' } }, '/filter'],
    ['no address', { filter: { ip: '10.0.0.0/33' } }, '/filter/ip'],
    ['an unknown case', { filter: { caseId: randomUUID() } }, '/filter/caseId'],
    ['an owner’s reason', { accountIds: [randomUUID()], reasonCode: 'owner-request' }, '/reasonCode'],
    ['an unknown key', { accountIds: [randomUUID()], force: true }, '/force'],
  ])('V2.2.1 %s', async (_what, body, pointer) => {
    const before = (await h.pool.query('select count(*)::int as n from bulk_freezes')).rows[0].n;
    const answer = await askBulk(h, agent, body);
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([422, 'invalid-request', pointer]);
    expect((await h.pool.query('select count(*)::int as n from bulk_freezes')).rows[0].n).toBe(before);
  });

  it('more than 100,000 accounts, in a body that is taken', async () => {
    const accountIds = Array.from({ length: 100_001 }, () => randomUUID());
    const answer = await askBulk(h, agent, { accountIds });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, '/accountIds']);
  });

  it('V8.2.1 who may only read, and who is no agent', async () => {
    const accountIds = await plantAccounts(h, 1);
    expect((await askBulk(h, auditor, { accountIds })).status).toBe(403);
    expect((await h.post('/v1/agent/bulk-freezes', { accountIds })).status).toBe(401);
    const { accessToken } = await newSignedIn(h);
    expect((await h.get('/v1/agent/bulk-freezes', accessToken)).status).toBe(401);
    const { body } = await askBulk(h, agent, { accountIds });
    await run(h);
    expect((await askUndo(h, auditor, body.jobId)).status).toBe(403);
    expect((await h.get(`/v1/agent/bulk-freezes/${randomUUID()}`, auditor.accessToken)).status).toBe(404);
    expect((await askUndo(h, agent, randomUUID())).status).toBe(404);
  });
});

describe('asking again', () => {
  it('with the same Idempotency-Key gives the same answer, and freezes once', async () => {
    const accountIds = await plantAccounts(h, 3);
    const key = { 'idempotency-key': randomUUID() };
    const first = await askBulk(h, agent, { accountIds }, key);
    const again = await askBulk(h, agent, { accountIds }, key);
    expect([again.status, again.text]).toEqual([202, first.text]);
    const other = await askBulk(h, agent, { accountIds: accountIds.slice(1) }, key);
    expect(other.status).toBe(422);
    await run(h);
    expect(await countFrozen(h, accountIds)).toBe(3);
  });

  it('sixteen times at once freezes each account once', async () => {
    const accountIds = await plantAccounts(h, 5);
    const answers = await Promise.all(Array.from({ length: 16 }, () => askBulk(h, agent, { accountIds })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    await run(h);
    const { rowCount } = await h.pool.query('select id from holds where account_id = any($1::uuid[])', [accountIds]);
    expect(rowCount).toBe(5);
  });

  it('is told page by page, the newest first', async () => {
    const first = (await h.get('/v1/agent/bulk-freezes?limit=2', auditor.accessToken)).body;
    const second = (await h.get(`/v1/agent/bulk-freezes?limit=2&cursor=${first.nextCursor}`, auditor.accessToken)).body;
    const ids = [...first.items, ...second.items].map(({ jobId }) => jobId);
    expect(new Set(ids).size).toBe(4);
    expect(ids).toEqual(ids.toSorted().toReversed());
  });
});

describe('where one person works alone', () => {
  it('many are frozen at once, and set free only after the time that stands in for a second person', async () => {
    const alone = await openHarness({ policy: { 'approvals.solo': 'true' } });
    try {
      const admin = await newSeasoned(alone, 'admin');
      const accountIds = await plantAccounts(alone, 51);
      const { body } = await askBulk(alone, admin, { accountIds });
      expect(body.status).toBe('running');
      await run(alone);
      expect(await countFrozen(alone, accountIds)).toBe(51);
      expect((await askUndo(alone, admin, body.jobId)).status).toBe(202);
      await carryOutApprovals(alone.instance.ctx);
      await runUndo(alone);
      expect(await countFrozen(alone, accountIds)).toBe(51);
      alone.clock.advance(48 * HOUR);
      await carryOutApprovals(alone.instance.ctx);
      await runUndo(alone);
      expect(await countFrozen(alone, accountIds)).toBe(0);
    } finally {
      await alone.close();
    }
  });
});
