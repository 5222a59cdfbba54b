import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import { forgetFailures } from '../lockout/attempts.ts';
import * as queries from './queries.ts';

/** Until when guesses lock the agent out, from some addresses or from all; undefined where none do. */
export async function findLockedUntil(db: Kysely<Database>, agentId: string, now: Date): Promise<Date | undefined> {
  const locks = await queries.listLocks(db, agentId);
  const latest = Math.max(0, ...locks.map(({ locked_until }) => locked_until.getTime()));
  return latest > now.getTime() ? new Date(latest) : undefined;
}

/** Opens what guesses locked, from wherever. The counters before their locks, as a failure takes them. */
export async function forgetLocks(trx: Transaction<Database>, agentId: string): Promise<void> {
  const keys = (await queries.listLocks(trx, agentId)).map(({ counter_key }) => counter_key);
  if (keys.length === 0) return;
  await forgetFailures(trx, keys);
  await queries.deleteLocks(trx, keys);
}
