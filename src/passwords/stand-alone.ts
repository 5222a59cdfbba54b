import type { Client, Context } from '../context.ts';
import { isFactorRequired } from '../second-factors/required.ts';
import { weakPassword } from './check-password.ts';
import * as queries from './queries.ts';

/**
 * For whoever takes the second factor away: throws `weak-password` where the password is only long enough beside one
 * (NIST 800-63B-4 3.1.1.2). What slips through must be changed before it opens anything.
 */
export async function requireLongPassword(ctx: Context, accountId: string, client: Client): Promise<void> {
  // Where one is required the last one stays.
  if (isFactorRequired(ctx) || !(await queries.isShort(ctx.db, accountId))) return;
  throw weakPassword(ctx, 'too-short', { locale: client.locale });
}
