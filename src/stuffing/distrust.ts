import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { requireChange } from '../passwords/require-reset.ts';
import { isTakenForStolen, type Meeting } from './stuffing.ts';

type Right = { account_id: string; set_at: Date | null };

/**
 * A right password met while somebody guesses across accounts is taken for a stolen one: it opens nothing until a reset, or
 * until the challenge of this hash is answered, and the owner is told. Only for a transaction that has the account to itself.
 */
export async function distrustPassword(
  trx: Transaction<Database>,
  { account_id: accountId, set_at: setAt }: Right,
  client: Client,
  now: Date,
  challenge?: Buffer,
): Promise<void> {
  if (!setAt || !(await requireChange(trx, accountId, now, setAt, challenge))) return;
  const actor = { kind: 'rule' } as const;
  await record(trx, { type: 'password.stuffed', actor, accountId, client, detail: {} }, now);
}

/** As `distrustPassword`, beside an answer that must not tell of it. Never fails. */
export async function distrustLater(
  ctx: Context,
  meeting: Meeting | undefined,
  right: Right,
  client: Client,
  challenge?: Buffer,
): Promise<void> {
  try {
    if (!(await isTakenForStolen(ctx, meeting, right.account_id, client))) return;
    const now = ctx.clock.now();
    await transact(ctx.db, ctx.ring, async (trx) => {
      if (await passAlone(trx, right.account_id, 'sign-in', now))
        await distrustPassword(trx, right, client, now, challenge);
    });
  } catch (error) {
    ctx.log.warn({ err: error }, 'a password met while somebody guesses was not distrusted');
  }
}
