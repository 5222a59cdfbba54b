import type { Context } from '../context.ts';
import * as queries from './queries.ts';
import { keyInUse } from './rules.ts';
import { type SealedColumn, sealedColumns } from './sealed-columns.ts';

const BATCH = 500;

/**
 * Encrypts anew whatever an earlier key than today's encrypted; how many values. It runs beside the requests: a value
 * that changes meanwhile is left to the next run.
 */
export async function reencrypt(ctx: Context): Promise<number> {
  const current = keyInUse(await queries.listKeys(ctx.db), 'encryption', ctx.clock.now());
  let count = 0;
  if (current) for (const name of columnNames) count += await reencryptColumn(ctx, name, current.id);
  return count;
}

/** Whether today's key encrypts everything that is stored. */
export async function isReencrypted(ctx: Context): Promise<boolean> {
  const current = keyInUse(await queries.listKeys(ctx.db), 'encryption', ctx.clock.now());
  if (!current) return false;
  for (const name of columnNames) {
    if ((await queries.findSealedOtherwise(ctx.db, name, current.id, 1)).length > 0) return false;
  }
  return true;
}

const columnNames = Object.keys(sealedColumns) as SealedColumn[];

async function reencryptColumn(ctx: Context, name: SealedColumn, currentId: string): Promise<number> {
  let count = 0;
  for (;;) {
    const batch = await queries.findSealedOtherwise(ctx.db, name, currentId, BATCH);
    let replaced = 0;
    for (const value of batch) {
      const next = encryptAnew(ctx, name, value);
      if (next?.startsWith(`${currentId}.`) && (await queries.replaceSealed(ctx.db, name, value, next))) replaced += 1;
    }
    count += replaced;
    if (batch.length < BATCH || replaced === 0) return count;
  }
}

/** Undefined for a value that does not open, as after a bad restore: it must not hold up the others. */
function encryptAnew(ctx: Context, name: SealedColumn, { parts, sealed }: queries.Sealed): string | undefined {
  const row = `${name}:${parts.join(':')}` as const;
  try {
    return ctx.keys.encrypt(ctx.keys.decrypt(sealed, row), row);
  } catch (error) {
    ctx.log.error({ err: error, row }, 'an encrypted value does not open');
    return undefined;
  }
}
