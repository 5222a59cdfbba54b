import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { Problem } from '../problem.ts';
import { hasSecondFactor } from './factors.ts';

/** Whether nobody signs in without a second factor (ASVS 6.3.3, PSD2 97(1)(a)). */
export const isFactorRequired = ({ policy }: Context): boolean => policy.secondFactor === 'required';

/** For whoever took a factor away, in that transaction: throws `last-second-factor` where one is required and none is left. */
export async function requireRemaining(trx: Transaction<Database>, ctx: Context, accountId: string): Promise<void> {
  if (isFactorRequired(ctx) && !(await hasSecondFactor(trx, accountId))) throw new Problem('last-second-factor');
}
