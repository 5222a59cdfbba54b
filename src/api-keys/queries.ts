import type { Insertable, Transaction } from 'kysely';
import { gatheredLookup } from '../db/gather.ts';
import type { Database } from '../db/types.ts';

export type ApiKeyRow = { id: string; key_hash: Buffer; scopes: string[] };

export async function insertApiKey(trx: Transaction<Database>, row: Insertable<Database['api_keys']>): Promise<void> {
  await trx.insertInto('api_keys').values(row).execute();
}

export const findApiKey = gatheredLookup<Buffer, ApiKeyRow>(
  'find-api-keys',
  'select id, key_hash, scopes from api_keys where key_hash = any($1::bytea[]) and revoked_at is null',
  (row) => row.key_hash,
);
