import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { dropSms } from '../sms-factor/forget-sms.ts';
import type { Kind } from './queries.ts';

/** A number that is the account's no more is its factor no more; the next one is enrolled anew, once it has stood a while. */
export async function dropTextsOf(
  trx: Transaction<Database>,
  changed: Kind,
  accountId: string,
  client: Client,
  now: Date,
): Promise<void> {
  if (changed !== 'phone' || !(await dropSms(trx, accountId))) return;
  const actor = { kind: 'owner', id: accountId } as const;
  await record(trx, { type: 'sms.removed', actor, accountId, client, detail: { by: 'phone-change' } }, now);
}
