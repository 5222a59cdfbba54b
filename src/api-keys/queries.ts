import type { Insertable, Kysely, Transaction } from 'kysely';
import { gatheredLookup } from '../db/gather.ts';
import type { Database } from '../db/types.ts';

export type ApiKeyRow = { id: string; hash: string; scopes: string[] };

export async function insertApiKey(trx: Transaction<Database>, row: Insertable<Database['api_keys']>): Promise<void> {
  await trx.insertInto('api_keys').values(row).execute();
}

const findByHash = gatheredLookup<ApiKeyRow>(
  `select id, encode(key_hash, 'hex') as hash, scopes
   from api_keys where key_hash = any($1::bytea[]) and revoked_at is null`,
  (row) => `\\x${row.hash}`,
);

export function findApiKey(db: Kysely<Database>, hash: Buffer): Promise<ApiKeyRow | undefined> {
  return findByHash(db, `\\x${hash.toString('hex')}`);
}
