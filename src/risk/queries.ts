import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/types.ts';

/** The address from which each known device last signed in, and when that was. */
export async function listSightings(db: Kysely<Database>, accountId: string): Promise<{ ip: string; at: Date }[]> {
  return await db
    .selectFrom('devices')
    .select([sql<string>`host(ip)`.as('ip'), 'last_seen_at as at'])
    .where('account_id', '=', accountId)
    .where('ip', 'is not', null)
    .execute();
}
