import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, newReporter, readCase, work } from './support/case-work.ts';
import { type Answer, type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { newSeasoned } from './support/lost-factor.ts';
import { decide, HOUR, newFrozen, release, standing } from './support/release.ts';
import { freezeByAgent } from './support/seed.ts';

const SIXTEEN = Array.from({ length: 16 }, (_, n) => n);

let h: Harness;
/** Two who work at the same moment, and two who may both say yes. */
let agents: [TestAgent, TestAgent];
let leads: [TestAgent, TestAgent];
beforeAll(async () => {
  h = await openHarness();
  agents = [await newAgent(h), await newAgent(h)];
  leads = [await newSeasoned(h, 'lead'), await newSeasoned(h, 'lead')];
});
afterAll(() => h.close());

/** Sixteen calls at once, by two people in turn; none of them may break. */
async function atOnce(who: [TestAgent, TestAgent], call: (by: TestAgent, n: number) => Promise<Answer>) {
  const answers = await Promise.all(SIXTEEN.map((n) => call(who[n % 2] as TestAgent, n)));
  expect(answers.filter(({ status }) => status >= 500).map(({ text }) => text)).toEqual([]);
  return answers;
}
const codesOf = (answers: Answer[]) => new Set(answers.map(({ status, body }) => `${status} ${body?.code ?? ''}`));
const note = 'At once';

describe('V2.3.4 sixteen calls of two agents at once', () => {
  it('claim a case: one has it', async () => {
    const { caseId } = await newReporter(h);
    const answers = await atOnce(agents, (by) => work(h, by, caseId, 'claim'));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(codesOf(answers)).toEqual(new Set(['200 ', '409 case-claimed']));
    const winner = agents[answers.findIndex(({ status }) => status === 200) % 2];
    expect((await readCase(h, agents[0], caseId)).assignee).toBe(winner?.agentId);
    expect(await eventsOf(h, caseId, 'case.claimed')).toHaveLength(1);
  });

  it('ask for a release: one approval is open, and all others are told which', async () => {
    const { holdId, accountId } = await newFrozen(h, agents[0]);
    const answers = await atOnce(agents, (by) => release(h, by, holdId));
    expect(codesOf(answers)).toEqual(new Set(['202 ', '409 approval-open']));
    expect(new Set(answers.map(({ body }) => body.approvalId)).size).toBe(1);
    expect(await standing(h, accountId)).toContain('agent all');
  });

  it('agree to a release: it is done once', async () => {
    const { holdId, accountId, caseId } = await newFrozen(h, agents[0]);
    const { approvalId } = (await release(h, agents[0], holdId)).body;
    const answers = await atOnce(leads, (by) => decide(h, by, approvalId));
    expect(codesOf(answers)).toEqual(new Set(['200 ', '409 approval-closed']));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await eventsOf(h, caseId, 'hold.released')).toHaveLength(1);
    expect(await standing(h, accountId)).not.toContain('agent all');
  });

  it('agree and refuse: one of the two is so', async () => {
    const { holdId, accountId, caseId } = await newFrozen(h, agents[0]);
    const { approvalId } = (await release(h, agents[0], holdId)).body;
    const answers = await atOnce(leads, (by, n) => decide(h, by, approvalId, n % 3 === 0 ? 'reject' : 'approve'));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const isReleased = !(await standing(h, accountId)).includes('agent all');
    expect(await eventsOf(h, caseId, 'hold.released')).toHaveLength(isReleased ? 1 : 0);
    expect(answers.find(({ status }) => status === 200)?.body.status).toBe(isReleased ? 'done' : 'rejected');
  });

  it('agree while the account is frozen again: no freeze is lost', async () => {
    const { holdId, accountId } = await newFrozen(h, agents[0]);
    const { approvalId } = (await release(h, agents[0], holdId)).body;
    await atOnce(leads, (by, n) =>
      n < 8 ? decide(h, by, approvalId) : freezeByAgent(h, by, accountId, { reasonCode: 'review', note }),
    );
    expect(await standing(h, accountId)).toContain('agent all');
  });

  it('set a window: what any of them held is in it, and each setting is an event', async () => {
    const { caseId } = await newReporter(h);
    const fromOf = (n: number) => new Date(h.clock.now().getTime() - (n + 1) * HOUR).toISOString();
    const answers = await atOnce(agents, (by, n) =>
      work(h, by, caseId, 'window', { from: fromOf((n * 7) % 16), note }),
    );
    const set = answers.filter(({ status }) => status === 200);
    expect(set.length).toBeGreaterThan(0);
    for (const { status, body } of answers) if (status !== 200) expect(body.code).toBe('second-person-required');
    expect((await readCase(h, agents[0], caseId)).window.from).toBe(fromOf(15));
    expect(await eventsOf(h, caseId, 'window.set')).toHaveLength(set.length);
  });

  it('verify an identity: all is written down, and the same proof weighs once', async () => {
    const { caseId } = await newReporter(h);
    const kinds = ['document', 'phone-code'];
    const answers = await atOnce(agents, (by, n) =>
      work(h, by, caseId, 'verifications', { kind: kinds[n % 2] as string, note }),
    );
    expect(codesOf(answers)).toEqual(new Set(['201 ']));
    const { verification } = await readCase(h, agents[0], caseId);
    expect(verification).toMatchObject({ level: 'partial', weight: 3 });
    expect(await eventsOf(h, caseId, 'verification.recorded')).toHaveLength(16);
  });

  it('resolve a case: it ends once, and nothing is said into it after', async () => {
    const { accountId, caseId, holdId } = await newFrozen(h, agents[0]);
    const { approvalId } = (await release(h, agents[0], holdId)).body;
    await decide(h, leads[0], approvalId);
    const answers = await atOnce(agents, (by) => work(h, by, caseId, 'resolve', { outcome: 'false-positive', note }));
    expect(codesOf(answers)).toEqual(new Set(['200 ', '409 case-closed']));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await eventsOf(h, caseId, 'case.resolved')).toHaveLength(1);
    expect(await standing(h, accountId)).not.toContain('agent all');
  });

  it('resolve a case while it is frozen into: it never closes over a freeze', async () => {
    const { accountId, caseId, holdId } = await newFrozen(h, agents[0]);
    const { approvalId } = (await release(h, agents[0], holdId)).body;
    await decide(h, leads[0], approvalId);
    await atOnce(agents, (by, n) =>
      n % 2 === 0
        ? work(h, by, caseId, 'resolve', { outcome: 'false-positive', note })
        : freezeByAgent(h, by, accountId, { reasonCode: 'review', note }),
    );
    const { rows } = await h.pool.query(
      `select c.closed_at from holds h join cases c on c.id = h.case_id
       where h.account_id = $1 and h.scope = 'all' and h.released_at is null`,
      [accountId],
    );
    expect(rows).toEqual([{ closed_at: null }]);
  });
});
