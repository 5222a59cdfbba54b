import { findAccount } from '../accounts/accounts.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { DAY, plus } from '../time.ts';
import * as queries from './queries.ts';

const LOOKS_BACK = 90 * DAY;
const MOST_PER_VALUE = 50;
/** Shared by more than this, an address says little: a company, a carrier. */
const COMMON = 10;

type LinkedAccount = {
  accountId: string;
  frozen: boolean;
  reasons: { what: queries.Shared['what']; value: string; sharers: number; common: boolean }[];
};

/** Accounts that share an address, a payee or a device with this one, and why, the closest first. Reading it is an event. */
export async function listLinkedAccounts(
  ctx: Context,
  accountId: string,
  agentId: string,
  client: Client,
): Promise<LinkedAccount[]> {
  const now = ctx.clock.now();
  await findAccount(ctx, accountId);
  const actor = { kind: 'agent', id: agentId } as const;
  await transact(ctx.urgentDb, ctx.ring, (trx) =>
    record(trx, { type: 'account.read', actor, accountId, client, detail: { view: 'links' } }, now),
  );
  const shared = await queries.listShared(ctx.urgentDb, accountId, plus(now, -LOOKS_BACK), MOST_PER_VALUE);
  const byAccount = Map.groupBy(shared, (row) => row.account_id);
  const held = new Set(await queries.listHeld(ctx.urgentDb, [...byAccount.keys()], now));
  return [...byAccount]
    .map(([id, rows]) => ({
      accountId: id,
      frozen: held.has(id),
      reasons: rows.map(({ what, value, sharers }) => ({ what, value, sharers, common: sharers > COMMON })),
    }))
    .toSorted((a, b) => weightOf(b) - weightOf(a));
}

function weightOf({ reasons }: LinkedAccount): number {
  return reasons.reduce((sum, { sharers }) => sum + 1 / (sharers + 1), 0);
}
