import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { hashToken, newToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import { type Actor, record } from '../events/record.ts';
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
  return queries.findApiKey(ctx.reader, hashToken(apiKey));
}
