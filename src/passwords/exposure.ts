import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { DAY, plus } from '../time.ts';
import * as queries from './queries.ts';

const MOST = 10;
const WITHIN = 30 * DAY;

/**
 * Counts a wrong code that an unknown device gave after the right password. Ten within 30 days mean that somebody else
 * has the password: it opens nothing until a reset, and the owner is told.
 */
export async function countWrongCode(
  trx: Transaction<Database>,
  accountId: string,
  client: Client,
  now: Date,
): Promise<void> {
  const failures = await queries.countWrongCode(trx, accountId, now, plus(now, -WITHIN));
  if (failures < MOST || !(await queries.disablePassword(trx, accountId, now))) return;
  const actor = { kind: 'anonymous' } as const;
  await record(trx, { type: 'password.exposed', actor, accountId, client, detail: { failures } }, now);
}
