import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { hashToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { heldProblem, passAlone } from '../holds/gate.ts';
import * as queries from './queries.ts';
import { invalidToken, isStanding } from './standing.ts';

export type Recovery = queries.RecoveryRow;

/** Whose recovery this token opens. */
export async function findRecovery(ctx: Context, token: string): Promise<Recovery | undefined> {
  return await queries.findRecovery(ctx.urgentDb, hashToken(token), ctx.clock.now());
}

/**
 * A change by the token, under the account's lock and past the gate, while the recovery stands. Throws `invalid-token`, and
 * `account-held` for a legal hold.
 */
export async function changeByRecovery<T>(
  ctx: Context,
  { id, account_id: accountId, token_hash: tokenHash }: Recovery,
  now: Date,
  work: (trx: Transaction<Database>, account: { email: string }) => Promise<T>,
): Promise<T> {
  return await transact(ctx.db, ctx.ring, async (trx) => {
    const passage = await passAlone(trx, accountId, 'recover', now);
    if (!passage) throw invalidToken();
    if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
    const current = tokenHash && (await queries.findRecovery(trx, tokenHash, now));
    if (current?.id !== id || !(await isStanding(trx, current))) throw invalidToken();
    return await work(trx, passage.account);
  });
}
