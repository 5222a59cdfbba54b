import type { Insertable, Kysely, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

export type ApiKeyRow = { id: string; scopes: string[] };

export async function insertApiKey(trx: Transaction<Database>, row: Insertable<Database['api_keys']>): Promise<void> {
  await trx.insertInto('api_keys').values(row).execute();
}

const find = statement<ApiKeyRow, [hash: Buffer]>(
  'find-api-key',
  'select id, scopes from api_keys where key_hash = $1 and revoked_at is null',
);

export async function findApiKey(db: Kysely<Database>, hash: Buffer): Promise<ApiKeyRow | undefined> {
  return (await find(db, hash))[0];
}
