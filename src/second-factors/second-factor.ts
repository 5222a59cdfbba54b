import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** Whether the account has a factor that sign-in, reset and changes must ask for. */
export async function hasSecondFactor(db: Kysely<Database>, accountId: string): Promise<boolean> {
  return (await queries.findTotp(db, accountId)) !== undefined;
}
