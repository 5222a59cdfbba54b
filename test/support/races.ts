import type { PoolClient } from 'pg';
import { expect } from 'vitest';
import type { Harness } from './harness.ts';

/** Waits until this many statements of the service wait for a lock: what was started has come that far. */
export async function untilWaiting(h: Harness, count: number): Promise<void> {
  const sql = `select count(*)::int as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and application_name like 'holdfast-%'`;
  const waiting = async () => (await h.pool.query(sql)).rows[0].n;
  await expect.poll(waiting, { interval: 5, timeout: 20_000 }).toBe(count);
}

/** Does `work` while a transaction of ours holds what `sql` locks; it ends before the answer is given. */
export async function holding<T>(h: Harness, sql: string, values: unknown[], work: () => Promise<T>): Promise<T> {
  // A mail that is being written may wait for the same lock.
  await h.instance.worker.drain();
  const client: PoolClient = await h.pool.connect();
  try {
    await client.query('begin');
    await client.query(sql, values);
    return await work();
  } finally {
    await client.query('commit');
    client.release();
  }
}
