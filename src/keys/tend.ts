import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { publicHalf } from '../crypto/keys.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { contextOf, type KeyRow, openKey } from './key-store.ts';
import * as queries from './queries.ts';
import { isReencrypted, reencrypt } from './reencrypt.ts';
import { rotateWhenDue } from './rotate.ts';
import { nextStep, stateOf } from './rules.ts';

/** Brings every key on to what its time has come for. Any node may run it, at any time, more than once. */
export async function tendKeys(ctx: Context): Promise<void> {
  await rotateWhenDue(ctx);
  const now = ctx.clock.now();
  const keys = await queries.listKeys(ctx.db);
  if (keys.some((key) => key.purpose === 'encryption' && stateOf(keys, key, now) === 'superseded'))
    await reencrypt(ctx);
  if (!keys.some((key) => stepOf(ctx, keys, key, now))) return;
  // An old key that still opens something stays for as long as it does.
  const mayForget = await isReencrypted(ctx);
  await transact(ctx.db, ctx.ring, async (trx) => {
    await queries.lockKeys(trx);
    const keys = await queries.listKeys(trx);
    for (const key of keys) {
      const step = stepOf(ctx, keys, key, now);
      if (step && (key.purpose !== 'encryption' || mayForget)) await take(trx, ctx, step, key, now);
    }
    await queries.announceChange(trx);
  });
  await ctx.keys.reload();
}

function stepOf({ policy }: Context, keys: KeyRow[], key: KeyRow, now: Date) {
  const times = { overlap: policy['keys.overlap'], keepReceipts: policy['erasure.keepReceipts'] };
  return nextStep(keys, key, times, now);
}

async function take(
  trx: Transaction<Database>,
  ctx: Context,
  step: 'retire' | 'delete',
  key: KeyRow,
  now: Date,
): Promise<void> {
  if (step === 'delete') await queries.deleteKey(trx, key.id);
  else {
    const half = publicHalf(openKey(key, ctx.wrapping).material);
    const wrapped = ctx.wrapping.wrap(half, contextOf({ ...key, retired_at: now }), key.secret_id);
    await queries.retireKey(trx, key.id, wrapped, now);
  }
  const detail = { keyId: key.id, purpose: key.purpose, isGone: step === 'delete' };
  await record(trx, { type: 'key.retired', actor: { kind: 'system' }, detail }, now);
}
