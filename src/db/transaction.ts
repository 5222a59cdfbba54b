import type { Kysely, Transaction } from 'kysely';
import type { Database } from './types.ts';

const ringers = new WeakMap<Transaction<Database>, () => void>();

/** Runs `work` in one transaction; after its commit, and only then, wakes whoever its deliveries wait for. */
export async function transact<T>(
  db: Kysely<Database>,
  ring: () => void,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  let hasDeliveries = false;
  const result = await db.transaction().execute(async (trx) => {
    ringers.set(trx, () => {
      hasDeliveries = true;
    });
    return await work(trx);
  });
  if (hasDeliveries) ring();
  return result;
}

/** Notes that this transaction made deliveries, so that its commit wakes the worker. */
export function ringAfterCommit(trx: Transaction<Database>): void {
  ringers.get(trx)?.();
}
