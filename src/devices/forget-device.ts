import type { Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { endSessionsOnDevice } from '../sessions/owner-ends.ts';
import * as queries from './queries.ts';

/** Makes a stranger of a device that may be somebody else's and ends its sessions, under the account's lock. Whether it was one. */
export async function forgetDevice(
  trx: Transaction<Database>,
  { accountId, deviceId, actor, caseId }: { accountId: string; deviceId: string; actor: Actor; caseId: string },
  now: Date,
): Promise<boolean> {
  if (!(await queries.deleteDevice(trx, accountId, deviceId))) return false;
  const endedSessions = await endSessionsOnDevice(trx, accountId, deviceId, now);
  await record(trx, { type: 'device.removed', actor, accountId, deviceId, caseId, detail: { endedSessions } }, now);
  return true;
}
