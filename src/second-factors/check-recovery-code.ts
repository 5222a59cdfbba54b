import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { returnOnError } from '../lockout/attempts.ts';
import type { Candidate, Prover } from './check-proof.ts';
import * as codeQueries from './code-queries.ts';
import { readRecoveryCode } from './rules.ts';
import { openDoor, rememberWrongCode } from './wrong-code.ts';

/** The code names its row, so there is one slow hash, also where there is no such row; none for what cannot be a code. */
export async function checkRecoveryCode(ctx: Context, prover: Prover, typed: string): Promise<Candidate | undefined> {
  const now = ctx.clock.now();
  const attempt = await openDoor(ctx, prover, 'recovery-code', now);
  const code = readRecoveryCode(typed);
  const isRight = await returnOnError(ctx, [attempt], async () => {
    if (!code) return false;
    const stored = await codeQueries.findRecoveryCode(ctx.db, prover.accountId, code.selector);
    return await ctx.hasher.verify(stored, code.text);
  });
  if (code && isRight) return { factor: 'recovery-code', attempts: [attempt], selector: code.selector };
  await rememberWrongCode(ctx, prover, { factor: 'recovery-code', attempt, guesses: 0 }, now);
  return undefined;
}

/** Spends it and tells the owner how many are left. False where it was spent already. */
export async function redeemRecoveryCode(
  trx: Transaction<Database>,
  { accountId, client }: Prover,
  selector: string,
  now: Date,
): Promise<boolean> {
  const left = await codeQueries.redeemRecoveryCode(trx, accountId, selector, now);
  if (left === undefined) return false;
  const actor = { kind: 'owner', id: accountId } as const;
  await record(trx, { type: 'recovery-code.used', actor, accountId, client, detail: { left } }, now);
  return true;
}
