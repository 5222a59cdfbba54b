import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type QueueFilter, queueQuery } from '../src/case-work/queries.ts';
import { type Harness, newAgent, openHarness } from './support/harness.ts';
import { explain, insertCases } from './support/many-cases.ts';

let h: Harness;
let agents: string[];
beforeAll(async () => {
  h = await openHarness();
  const made = await Promise.all(Array.from({ length: 8 }, () => newAgent(h)));
  agents = made.map(({ agentId }) => agentId);
  await insertCases(h.pool, 20_000, agents, h.clock.now());
});
afterAll(() => h.close());

const far = { rank: 3, dueAt: new Date(Date.now() + 5 * 86_400_000), id: '00000000-0000-0000-0000-000000000000' };

describe('the queue of 20,000 cases', () => {
  // biome-ignore format: a table reads as one
  it.each<[string, Omit<QueueFilter, 'status'>, string]>([
    ['as it is',                  {},                                             'cases_queue'],
    ['deep inside',               { after: far },                                 'cases_queue'],
    ['of one kind',               { kind: 'scam' },                               'cases_queue_kind'],
    ['of one kind, deep inside',  { kind: 'scam', after: far },                   'cases_queue_kind'],
    ['of one priority',           { priority: 'low' },                            'cases_queue'],
    ['of nobody',                 { assigneeId: null },                           'cases_queue_unassigned'],
    ['of one agent',              { assigneeId: 'first' },                        'cases_queue_assignee'],
  ])('%s is one walk along an index: nothing is sorted, nothing is read whole', async (_what, filter, index) => {
    const assigneeId = filter.assigneeId === 'first' ? agents[1] : filter.assigneeId;
    const query = queueQuery(h.instance.ctx.db, { ...filter, status: 'open', assigneeId }, 51, h.clock.now());
    const plan = await explain(h.pool, query.compile());
    expect(plan.nodes).not.toContain('Seq Scan');
    expect(plan.nodes.filter((node) => /Sort|Bitmap/.test(node))).toEqual([]);
    expect(plan.indexes).toEqual([index]);
    expect(plan.rows).toBe(51);
  });
});
