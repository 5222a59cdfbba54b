import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

export type TransactionRow = Selectable<Database['transactions']>;

/** Undefined when the id was taken: then the row that stands is the answer. */
export async function insertTransaction(
  trx: Transaction<Database>,
  row: Insertable<Database['transactions']>,
): Promise<TransactionRow | undefined> {
  return await trx
    .insertInto('transactions')
    .values(row)
    .onConflict((conflict) => conflict.column('transaction_id').doNothing())
    .returningAll()
    .executeTakeFirst();
}

export async function findTransaction(
  db: Kysely<Database>,
  transactionId: string,
): Promise<TransactionRow | undefined> {
  return await db.selectFrom('transactions').selectAll().where('transaction_id', '=', transactionId).executeTakeFirst();
}
