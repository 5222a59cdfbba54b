import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
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

/** As `insertTransaction`; a `challenge` that stands under the id, for the same request, is decided anew in its place. */
export async function insertOrDecideAnew(
  trx: Transaction<Database>,
  row: Insertable<Database['transactions']>,
): Promise<TransactionRow | undefined> {
  const { decision, score, reasons, decided_at } = row;
  return await trx
    .insertInto('transactions')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column('transaction_id')
        .doUpdateSet({ decision, score, reasons, decided_at })
        .where('transactions.decision', '=', 'challenge')
        .whereRef('transactions.request_hash', '=', 'excluded.request_hash'),
    )
    .returningAll()
    .executeTakeFirst();
}

/** One at a time redeems a grant for this id, until the transaction ends. */
export async function lockTransactionId(trx: Transaction<Database>, transactionId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`transaction:${transactionId}`}, 0))`.execute(trx);
}

export async function findTransaction(
  db: Kysely<Database>,
  transactionId: string,
): Promise<TransactionRow | undefined> {
  return await db.selectFrom('transactions').selectAll().where('transaction_id', '=', transactionId).executeTakeFirst();
}
