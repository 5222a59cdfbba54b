import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** The e-mail address that was the account's just before `at`: the present one, unless it was changed since and not back. */
export async function findAddressBefore(db: Kysely<Database>, accountId: string, at: Date): Promise<string> {
  const changedFrom = await queries.findFirstAddressChangedSince(db, accountId, at);
  return changedFrom ?? (await queries.findOwner(db, accountId)).email;
}
