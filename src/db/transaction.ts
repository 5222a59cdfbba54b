import { type ConnectionProvider, type Kysely, Transaction } from 'kysely';
import { DatabaseError } from 'pg';
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
  const result = await db.transaction().execute(async (queued) => {
    const { trx, close } = await unqueue(queued);
    ringers.set(trx, topics);
    return await work(trx).finally(close);
  });
  for (const topic of topics) ring(topic);
  return result;
}

/** Notes what this transaction wrote, so that its commit wakes those who wait for it. */
export function ringAfterCommit(trx: Transaction<Database>, topic: Topic): void {
  ringers.get(trx)?.add(topic);
}

/**
 * The same transaction without Kysely's queue: statements that wait for no other's answer (`Promise.all`) are under way
 * together, in the order in which they were asked; where one fails, all after it fail with its error. After `close` none is
 * sent: what goes on beside a statement that failed would else be written after the rollback, in no transaction.
 */
async function unqueue(queued: Transaction<Database>): Promise<{ trx: Transaction<Database>; close(): void }> {
  const executor = queued.getExecutor();
  const connection = await executor.provideConnection(async (only) => only);
  const failure = Promise.withResolvers<unknown>();
  let isClosed = false;
  const provider: ConnectionProvider = {
    async provideConnection(consumer) {
      if (isClosed) throw new Error('this transaction is over');
      try {
        return await consumer(connection);
      } catch (error) {
        if (isAftermath(error)) throw await failure.promise;
        failure.resolve(error);
        throw error;
      }
    },
  };
  const unused = {} as never;
  const trx = new Transaction<Database>({
    ...{ config: unused, driver: unused, dialect: unused },
    executor: executor.withConnectionProvider(provider),
  });
  const close = () => {
    isClosed = true;
  };
  return { trx, close };
}

/** Refused because a statement before it failed: its own error may be heard a moment later. */
function isAftermath(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '25P02';
}
