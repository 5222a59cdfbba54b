import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import { gatheredLookup } from '../db/gather.ts';
import type { Database } from '../db/types.ts';

export type ApiKeyRow = { id: string; hash: string; scopes: string[] };

export async function insertApiKey(trx: Transaction<Database>, row: Insertable<Database['api_keys']>): Promise<void> {
  await trx.insertInto('api_keys').values(row).execute();
}

export const findApiKey = gatheredLookup<ApiKeyRow>(
  `select id, key_hash as hash, scopes from api_keys where key_hash = any($1::bytea[]) and revoked_at is null`,
  (row) => row.hash,
);

/** Without the hash: nobody needs it to know the key by. */
export type StoredKey = Omit<Selectable<Database['api_keys']>, 'key_hash'>;
const stored = ['id', 'name', 'scopes', 'created_at', 'revoked_at'] as const;

export async function listApiKeys(db: Kysely<Database>): Promise<StoredKey[]> {
  return await db.selectFrom('api_keys').select(stored).orderBy('id', 'desc').execute();
}

export async function findApiKeyById(db: Kysely<Database>, id: string): Promise<StoredKey | undefined> {
  return await db.selectFrom('api_keys').select(stored).where('id', '=', id).executeTakeFirst();
}

/** The returned row is the verdict. */
export async function revokeApiKey(trx: Transaction<Database>, id: string, now: Date): Promise<StoredKey | undefined> {
  return await trx
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning(stored)
    .executeTakeFirst();
}
