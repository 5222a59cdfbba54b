import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { type Actor, record } from '../events/record.ts';
import { contextOf, openKey } from './key-store.ts';
import * as queries from './queries.ts';
import { KeyError } from './rotate.ts';

/**
 * Wraps every key by HOLDFAST_SECRET, all or none; how many it did. Nodes that run go on: their keys are open. Throws
 * KeyError while one runs that was not given that secret, unless `force`, for it could not start again.
 */
export async function rewrapKeys(ctx: Context, { force }: { force: boolean }, actor: Actor): Promise<number> {
  const { secretId } = ctx.wrapping;
  const nodes = await queries.listNodes(ctx.urgentDb);
  const unready = nodes.filter((name) => !name.split(' ').includes(secretId)).length;
  if (unready > 0 && !force) {
    throw new KeyError(
      `${unready} of ${nodes.length} running nodes and commands do not know this HOLDFAST_SECRET (${secretId}): start them with it and HOLDFAST_SECRET_PREVIOUS first`,
    );
  }
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await queries.lockKeys(trx);
    const rows = (await queries.listKeys(trx)).filter((row) => row.secret_id !== secretId);
    for (const row of rows) {
      const wrapped = ctx.wrapping.wrap(openKey(row, ctx.wrapping).material, contextOf(row), secretId);
      await queries.setWrapped(trx, row.id, wrapped);
    }
    if (rows.length > 0)
      await record(trx, { type: 'keys.rewrapped', actor, detail: { count: rows.length, secretId } }, now);
    return rows.length;
  });
}
