import type { Context } from '../context.ts';
import * as queries from './queries.ts';
import { stateOf } from './rules.ts';

type ListedKey = { id: string; purpose: string; state: string; usedFrom: string; wrappedBy: string };

/** Every key with where it stands, oldest first; `wrappedBy` is the id of a secret or says which variable it is. */
export async function listKeys(ctx: Context): Promise<ListedKey[]> {
  const now = ctx.clock.now();
  const rows = await queries.listKeys(ctx.db);
  return rows.map((row) => ({
    id: row.id,
    purpose: row.purpose,
    state: stateOf(rows, row, now),
    usedFrom: row.used_from.toISOString(),
    wrappedBy: row.secret_id === ctx.wrapping.secretId ? 'HOLDFAST_SECRET' : 'HOLDFAST_SECRET_PREVIOUS',
  }));
}
