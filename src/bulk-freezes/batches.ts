import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { isDatabaseUnavailable } from '../db/unavailable.ts';

/** While the database writes one batch, this process signs the next. */
const LANES = 2;

type Work = {
  /** The next accounts that nobody else is at, kept until the transaction ends. */
  claim(trx: Transaction<Database>, most: number): Promise<string[]>;
  work(trx: Transaction<Database>, accountIds: readonly string[], now: Date): Promise<void>;
  /** One that failed alone, too. */
  giveUp(accountId: string): Promise<void>;
};

/**
 * Works through what waits, batch by batch, each all or none. A batch that fails is tried again one account at a time: one
 * that cannot be done must not keep the others from it. Throws where the database is away or two waited for each other:
 * what is left is done at the next run.
 */
export async function workThrough(ctx: Context, { id }: { id: string }, most: number, work: Work): Promise<void> {
  const lane = async () => {
    while ((await doNext(ctx, id, most, work)) > 0);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function doNext(ctx: Context, id: string, most: number, work: Work): Promise<number> {
  const now = ctx.clock.now();
  let batch: string[] = [];
  try {
    await transact(ctx.db, ctx.ring, async (trx) => {
      batch = await work.claim(trx, most);
      if (batch.length > 0) await work.work(trx, batch, now);
    });
  } catch (error) {
    if (isPassing(error) || batch.length === 0) throw error;
    ctx.log.error({ err: error, bulkFreezeId: id, accounts: batch.length }, 'batch of a bulk freeze failed');
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) await work.giveUp(only);
    else for (let left = batch.length; left > 0; left -= 1) await doNext(ctx, id, 1, work);
  }
  return batch.length;
}

/** Serialisation failures and deadlocks are no fault of what was tried (class 40). */
function isPassing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('40') || isDatabaseUnavailable(error);
}
