import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

export type SecondFactorState = { totp: boolean; passkeys: number; recoveryCodesLeft: number };

/** Whether the account has a factor that sign-in, reset and changes must ask for. */
export async function hasSecondFactor(db: Kysely<Database>, accountId: string): Promise<boolean> {
  return (await queries.findTotp(db, accountId)) !== undefined;
}

export async function describeSecondFactor(ctx: Context, accountId: string): Promise<SecondFactorState> {
  const [totp, left] = await Promise.all([
    hasSecondFactor(ctx.reader, accountId),
    queries.countRecoveryCodes(ctx.reader, accountId),
  ]);
  return { totp, passkeys: 0, recoveryCodesLeft: left };
}
