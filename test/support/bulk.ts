import { expect } from 'vitest';
import { runBulkFreezes } from '../../src/bulk-freezes/run.ts';
import { undoBulkFreezes } from '../../src/bulk-freezes/undo.ts';
import type { Answer, Harness, TestAgent } from './harness.ts';

export const why = { reasonCode: 'account-takeover', note: 'One farm of devices' };

/** Accounts as rows: enough of them to ask a second person. */
export async function plantAccounts(h: Harness, n: number): Promise<string[]> {
  const { rows } = await h.pool.query(
    `insert into accounts (id, email, created_at)
     select id, 'many-' || id || '@example.com', $2 from (select gen_random_uuid() as id from generate_series(1, $1)) as made
     returning id`,
    [n, h.clock.now()],
  );
  return rows.map(({ id }) => id).sort();
}

export const askBulk = (h: Harness, agent: TestAgent, body: object, headers = {}): Promise<Answer> =>
  h.post('/v1/agent/bulk-freezes', { ...why, ...body }, { token: agent.accessToken, headers });

export const readBulk = async (h: Harness, agent: TestAgent, jobId: string) =>
  (await h.get(`/v1/agent/bulk-freezes/${jobId}`, agent.accessToken)).body;

export const askUndo = (h: Harness, agent: TestAgent, jobId: string): Promise<Answer> =>
  h.post(`/v1/agent/bulk-freezes/${jobId}/undo`, { note: 'The list was wrong' }, { token: agent.accessToken });

/** Until nobody is at it any more: the service itself runs it, too. */
export async function run(h: Harness): Promise<void> {
  await until(h, 'started_at is not null and finished_at is null', runBulkFreezes);
}

export async function runUndo(h: Harness): Promise<void> {
  await until(h, 'undo_started_at is not null and undone_at is null', undoBulkFreezes);
}

async function until(h: Harness, isOpen: string, work: typeof runBulkFreezes): Promise<void> {
  const left = async () => {
    await work(h.instance.ctx);
    return (await h.pool.query(`select count(*)::int as n from bulk_freezes where ${isOpen}`)).rows[0].n;
  };
  await expect.poll(left, { interval: 20, timeout: 20_000 }).toBe(0);
}

/** A few accounts, frozen for one reason and finished. */
export async function frozenInBulk(h: Harness, agent: TestAgent, accountIds: string[]) {
  const { status, text, body } = await askBulk(h, agent, { accountIds });
  if (status !== 202) throw new Error(text);
  await run(h);
  return await readBulk(h, agent, body.jobId);
}

/** How many of these accounts nobody can sign in to. */
export async function countFrozen(h: Harness, accountIds: string[]): Promise<number> {
  const sql = `select count(distinct account_id)::int as n from holds
    where account_id = any($1::uuid[]) and scope = 'all' and released_at is null`;
  return (await h.pool.query(sql, [accountIds])).rows[0].n;
}
