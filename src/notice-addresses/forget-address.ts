import type { Transaction } from 'kysely';
import { maskContact } from '../contacts/mask.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import * as queries from './queries.ts';

type Forgetting = { accountId: string; id: string; actor: Actor; caseId: string };

/** Removes a mailbox that may be somebody else's, under the account's lock: it hears nothing more. Whether there was one. */
export async function forgetAddress(
  trx: Transaction<Database>,
  { accountId, id, actor, caseId }: Forgetting,
  now: Date,
): Promise<boolean> {
  const gone = await queries.deleteAddress(trx, id, accountId);
  if (!gone) return false;
  const detail = { addressId: id, address: maskContact('email', gone.email) };
  const payload = { device: '', ip: '' };
  await record(trx, { type: 'notice-address.removed', actor, accountId, caseId, detail, payload }, now);
  return true;
}
