import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { hashTokenAsText, newToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import { type Actor, record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';

export const scopes = [
  'accounts:read',
  'accounts:write',
  'accounts:freeze',
  'accounts:export',
  'accounts:erase',
  'sessions:read',
  'transactions:write',
  'events:write',
] as const;
export type Scope = (typeof scopes)[number];

export type ApiKey = queries.ApiKeyRow;

/** Makes a key for the host's back end. Its plaintext is in this answer and nowhere else. */
export async function createApiKey(
  ctx: Context,
  name: string,
  wanted: readonly Scope[],
  actor: Actor,
): Promise<{ apiKeyId: string; apiKey: string }> {
  const now = ctx.clock.now();
  const token = newToken('hf_sk');
  const id = newId(now);
  await transact(ctx.db, ctx.ring, async (trx) => {
    await queries.insertApiKey(trx, { id, name, key_hash: token.hash, scopes: [...wanted], created_at: now });
    await record(trx, { type: 'api-key.created', actor, detail: { name, scopes: [...wanted] } }, now);
  });
  return { apiKeyId: id, apiKey: token.plain };
}

/** The key behind a bearer token, or undefined for what is unknown or revoked. */
export function findApiKey(ctx: Context, apiKey: string): Promise<ApiKey | undefined> {
  return queries.findApiKey(ctx.reader, hashTokenAsText(apiKey));
}

type ShownKey = { id: string; name: string; scopes: Scope[]; createdAt: string; revokedAt: string | null };

/** Every key there is or was, the newest first. What opens anything is not among it: only its hash is kept. */
export async function listApiKeys(ctx: Context): Promise<ShownKey[]> {
  return (await queries.listApiKeys(ctx.urgentDb)).map(show);
}

/** Ends a key at once, on every node. Whoever revokes it again changes nothing. Throws `not-found`. */
export async function revokeApiKey(
  ctx: Context,
  id: string,
  note: string,
  actor: Actor,
  client?: Client,
): Promise<ShownKey> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const revoked = await queries.revokeApiKey(trx, id, now);
    if (revoked) {
      const detail = { apiKeyId: id, name: revoked.name, note };
      await record(trx, { type: 'api-key.revoked', actor, client, detail }, now);
    }
    const row = revoked ?? (await queries.findApiKeyById(trx, id));
    if (!row) throw new Problem('not-found');
    return show(row);
  });
}

function show(row: queries.StoredKey): ShownKey {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes as Scope[],
    createdAt: row.created_at.toISOString(),
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
