import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askBulk, askUndo, countFrozen, frozenInBulk, plantAccounts, readBulk, run, runUndo } from './support/bulk.ts';
import { eventsOf, readCase, work } from './support/case-work.ts';
import { type Harness, openHarness, PASSWORD, type TestAgent } from './support/harness.ts';
import { newSeasoned } from './support/lost-factor.ts';
import { age, complete, decide, release, standing } from './support/release.ts';
import { enrol, newSignedIn, signIn } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
let lead: TestAgent;
let other: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  [agent, lead, other] = [await newSeasoned(h, 'agent'), await newSeasoned(h, 'lead'), await newSeasoned(h, 'lead')];
});
afterAll(() => h.close());

/** What a frozen owner can still say. */
async function reportOf(email: string, extra: object = {}) {
  const access = await h.post('/v1/auth/case-access', { identifier: email, password: PASSWORD, ...extra });
  const token = access.body.caseToken;
  const { body } = await h.post('/v1/me/reports', { kind: 'takeover', message: 'It was not me' }, { token });
  return { ...access.body, ...body };
}

describe('the undo of a bulk freeze', () => {
  it('V2.3.5 takes a second person, however few they are', async () => {
    const accountIds = await plantAccounts(h, 2);
    const { jobId } = await frozenInBulk(h, agent, accountIds);
    const { status, body } = await askUndo(h, agent, jobId);
    expect([status, body]).toEqual([202, { approvalId: expect.any(String) }]);
    expect((await askUndo(h, lead, jobId)).body).toMatchObject({ code: 'approval-open', approvalId: body.approvalId });
    await runUndo(h);
    expect(await countFrozen(h, accountIds)).toBe(2);
    expect((await decide(h, agent, body.approvalId)).body.code).toBe('self-approval');
    expect((await decide(h, lead, body.approvalId)).body.status).toBe('done');
    await runUndo(h);
    expect(await countFrozen(h, accountIds)).toBe(0);
    const { progress, status: now, undoApprovalId } = await readBulk(h, agent, jobId);
    expect([now, progress, undoApprovalId]).toMatchObject(['undone', { undone: 2, notUndone: 0 }, body.approvalId]);
    expect((await askUndo(h, agent, jobId)).body.code).toBe('already-released');
  });

  it('lets each owner in again after the cool-down of a recovery began, and tells them', async () => {
    const owner = await newSignedIn(h);
    const { jobId } = await frozenInBulk(h, agent, [owner.accountId]);
    await decide(h, lead, (await askUndo(h, agent, jobId)).body.approvalId);
    await runUndo(h);
    expect(await standing(h, owner.accountId)).toEqual(['policy withdrawals']);
    expect((await signIn(h, owner.email)).status).toBe('signed-in');
    expect((await h.mails(owner.email)).some(({ subject }) => /is open again/.test(subject))).toBe(true);
    const [hold] = (
      await h.pool.query(`select * from holds where account_id = $1 and source = 'agent'`, [owner.accountId])
    ).rows;
    expect(hold).toMatchObject({ release_reason: 'undone', released_by: lead.agentId });
  });

  it('leaves who said that something did happen, who was let go before, and holds that are not its own', async () => {
    const [said, own, gone] = [await newSignedIn(h), await newSignedIn(h), await newSignedIn(h)];
    const [before, plain] = (await plantAccounts(h, 2)) as [string, string];
    await h.post(
      `/v1/agent/accounts/${before}/freeze`,
      { reasonCode: 'account-takeover', note: 'x' },
      { token: agent.accessToken },
    );
    await h.post('/v1/me/freeze', {}, { token: own.accessToken });
    const accountIds = [said.accountId, own.accountId, gone.accountId, before, plain];
    const { jobId } = await frozenInBulk(h, agent, accountIds);
    await reportOf(said.email);
    const [hold] = (await h.pool.query('select id from holds where account_id = $1', [gone.accountId])).rows;
    await decide(h, lead, (await release(h, agent, hold.id)).body.approvalId);
    await decide(h, lead, (await askUndo(h, agent, jobId)).body.approvalId);
    await runUndo(h);
    const { progress, failures } = await readBulk(h, agent, jobId);
    expect(progress).toMatchObject({ frozen: 5, heldBefore: 1, undone: 1, notUndone: 4 });
    const reasons = new Map(failures.map((it: { accountId: string; reason: string }) => [it.accountId, it.reason]));
    expect(reasons).toEqual(
      new Map([
        [said.accountId, 'owner-reported'],
        [own.accountId, 'owner-reported'],
        [gone.accountId, 'released-before'],
        [before, 'not-ours'],
      ]),
    );
    expect(await standing(h, said.accountId)).toEqual(['agent all']);
    expect(await standing(h, own.accountId)).toEqual(['owner all', 'agent all']);
    expect(await standing(h, plain)).toEqual(['policy withdrawals']);
  });

  it('is told to the helpdesk once, not for each account', async () => {
    const { jobId, caseId } = await frozenInBulk(h, agent, await plantAccounts(h, 3));
    await decide(h, lead, (await askUndo(h, agent, jobId)).body.approvalId);
    await runUndo(h);
    await h.mails();
    const failed = `select count(*)::int as n from deliveries where case_id = $1 and kind = 'ticket' and delivered_at is null`;
    expect((await h.pool.query(failed, [caseId])).rows[0].n).toBe(0);
    expect(await eventsOf(h, caseId, 'bulk-freeze.undone')).toMatchObject([{ detail: { undone: 3, notUndone: 0 } }]);
  });
});

describe('the one case of many accounts', () => {
  it('is in the queue, worked on as others, and closed once the freeze is over', async () => {
    const accountIds = await plantAccounts(h, 3);
    const { body } = await askBulk(h, agent, { accountIds });
    const { caseId } = body;
    const queue = (await h.get('/v1/agent/cases?kind=takeover&limit=100', agent.accessToken)).body.items;
    const queued = queue.find(({ id }: { id: string }) => id === caseId);
    expect(queued).toMatchObject({ accountId: null, accountCount: 3, priority: 'urgent', status: 'open' });
    expect(await readCase(h, agent, caseId)).toMatchObject({ accountId: null, steps: [], next: null, holds: [] });
    expect((await work(h, agent, caseId, 'claim')).body).toMatchObject({ assignee: agent.agentId });
    expect((await work(h, lead, caseId, 'assign', { agentId: lead.agentId })).body.assignee).toBe(lead.agentId);
    expect((await work(h, agent, caseId, 'notes', { note: 'One farm' })).status).toBe(201);
    expect(
      (await work(h, agent, caseId, 'contacts', { channel: 'phone', party: 'police', summary: 'Told' })).status,
    ).toBe(201);
    expect((await work(h, agent, caseId, 'evidence', { title: 'List', text: 'x' })).status).toBe(201);
    const until = new Date(h.clock.now().getTime() + 3_600_000).toISOString();
    expect((await work(h, agent, caseId, 'snooze', { until })).body.status).toBe('snoozed');
    const resolve = () => work(h, agent, caseId, 'resolve', { outcome: 'confirmed', note: 'All found' });
    await run(h);
    expect((await resolve()).body).toMatchObject({ status: 'closed', outcome: 'confirmed' });
    const { items } = (await h.get(`/v1/agent/cases/${caseId}/timeline?limit=100`, agent.accessToken)).body;
    expect(items.filter(({ type }: { type: string }) => type === 'account.frozen')).toHaveLength(3);
  });

  it('waits for the freeze to be over', async () => {
    const { body } = await askBulk(h, agent, { accountIds: await plantAccounts(h, 1) });
    await run(h);
    await h.pool.query('update bulk_freezes set finished_at = null where id = $1', [body.jobId]);
    await h.pool.query('update bulk_freeze_accounts set hold_id = null, is_ours = false where bulk_freeze_id = $1', [
      body.jobId,
    ]);
    const answer = await work(h, agent, body.caseId, 'resolve', { outcome: 'confirmed', note: 'x' });
    expect([answer.status, answer.body.missing ?? answer.body.status]).toEqual([409, ['freeze-finished']]);
  });

  it('V8.2.2 is nobody’s: no owner sees it, and what concerns one account is not found there', async () => {
    const owner = await newSignedIn(h);
    const { caseId, caseReference } = await frozenInBulk(h, agent, [owner.accountId]);
    const { caseToken, caseId: ownId, caseReference: told } = await reportOf(owner.email);
    expect([told === caseReference, ownId === caseId]).toEqual([false, false]);
    const { items } = (await h.get('/v1/me/cases', caseToken)).body;
    expect(items.map(({ id }: { id: string }) => id)).toEqual([ownId]);
    expect((await h.get(`/v1/me/cases/${caseId}`, caseToken)).status).toBe(404);
    const message = { message: 'Hello' };
    expect((await h.post(`/v1/me/cases/${caseId}/messages`, message, { token: caseToken })).status).toBe(404);
    expect((await work(h, agent, caseId, 'messages', message)).status).toBe(404);
    expect((await work(h, agent, caseId, 'merge', { into: ownId, note: 'x' })).status).toBe(404);
    expect((await work(h, agent, caseId, 'window', { from: h.clock.now().toISOString(), note: 'x' })).status).toBe(404);
    expect((await h.get(`/v1/agent/cases/${caseId}/bundle`, agent.accessToken)).status).toBe(404);
  });

  it('V2.3.5 leaves the way back to the account’s own case, and who verified there is no second person', async () => {
    const owner = await newSignedIn(h);
    const { recoveryCodes } = await enrol(h, owner.accessToken);
    await age(h, owner.accountId, 30);
    await frozenInBulk(h, agent, [owner.accountId]);
    const [hold] = (
      await h.pool.query(`select id from holds where account_id = $1 and source = 'agent'`, [owner.accountId])
    ).rows;
    expect((await release(h, agent, hold.id, 'restored')).body).toMatchObject({
      code: 'step-not-ready',
      missing: ['case'],
    });
    h.clock.advance(1000);
    const { caseId } = await reportOf(owner.email, { code: recoveryCodes[0] });
    const early = (await release(h, agent, hold.id, 'restored')).body;
    expect(early).toMatchObject({ code: 'step-not-ready', missing: expect.arrayContaining(['identity-verified']) });
    expect(early.missing).not.toContain('contained');
    await complete(h, other, { accountId: owner.accountId, caseId });
    const { approvalId, missing } = (await release(h, agent, hold.id, 'restored')).body;
    expect(missing).toBeUndefined();
    expect((await decide(h, other, approvalId)).body).toMatchObject({ reason: 'verified-identity' });
    expect((await decide(h, lead, approvalId)).body.status).toBe('done');
    const watch = (await h.pool.query('select case_id from watches where account_id = $1', [owner.accountId])).rows;
    expect(watch).toEqual([{ case_id: caseId }]);
  });
});
