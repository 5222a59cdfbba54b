import type { Kysely, Transaction } from 'kysely';
import type { Topic } from './bell.ts';
import type { Database } from './types.ts';

const ringers = new WeakMap<Transaction<Database>, Set<Topic>>();

/** Runs `work` in one transaction; after its commit, and only then, wakes whoever waits for what it wrote. */
export async function transact<T>(
  db: Kysely<Database>,
  ring: (topic: Topic) => void,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  const topics = new Set<Topic>();
  const result = await db.transaction().execute(async (trx) => {
    ringers.set(trx, topics);
    return await work(trx);
  });
  for (const topic of topics) ring(topic);
  return result;
}

/** Notes what this transaction wrote, so that its commit wakes those who wait for it. */
export function ringAfterCommit(trx: Transaction<Database>, topic: Topic): void {
  ringers.get(trx)?.add(topic);
}
