import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';
import { isSmsCode } from './sms-code.ts';

type Asked = { accountId: string; subject: string; isEnrolled: boolean };

/**
 * Holds a code against the one texted for this subject (ASVS 6.6.2): `awaited` tells whether there is one, `codeId` that
 * it fits. The caller counts the try before it asks.
 */
export async function checkSmsCode(
  ctx: Context,
  { accountId, subject, isEnrolled }: Asked,
  code: string,
  now: Date,
): Promise<{ isAwaited: boolean; codeId: string | undefined }> {
  if (ctx.policy['sms.factor'] === 'off') return { isAwaited: false, codeId: undefined };
  const id = await queries.findLiveCode(ctx.reader, accountId, subject, isEnrolled, now);
  return { isAwaited: id !== undefined, codeId: id && isSmsCode(ctx.keys, id, code) ? id : undefined };
}

/** Spends it, once. */
export async function redeemSmsCode(trx: Transaction<Database>, codeId: string, now: Date): Promise<boolean> {
  return await queries.redeemCode(trx, codeId, now);
}
