import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';

export type ListedReceipt = { id: string; jws: string; issued_at: Date; reference: string | null };

export async function listReceipts(
  db: Kysely<Database>,
  accountId: string,
  limit: number,
  before: string | undefined,
): Promise<ListedReceipt[]> {
  return await db
    .selectFrom('receipts as r')
    .leftJoin('cases', 'cases.id', 'r.case_id')
    .select(['r.id', 'r.jws', 'r.issued_at', 'cases.reference'])
    .where('r.account_id', '=', accountId)
    .$if(before !== undefined, (query) => query.where('r.id', '<', before as string))
    .orderBy('r.id', 'desc')
    .limit(limit)
    .execute();
}
