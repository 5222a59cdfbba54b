import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { chainedToken } from '../crypto/chained-token.ts';
import { newId } from '../crypto/ids.ts';
import type { Accounts } from '../db/accounts.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** `isFirst`: the account never had another one, not even one that was forgotten. */
type Device = { id: string; token: string; isFirst: boolean };

/** Makes this browser a known device, with a counter of its own. */
export async function addDevice(
  trx: Transaction<Database>,
  ctx: Context,
  who: { accountId: string; client: Client },
  now: Date,
): Promise<Device> {
  const id = newId(now);
  const device = {
    id,
    accountId: who.accountId,
    userAgent: who.client.userAgent?.slice(0, 400) ?? null,
    ip: who.client.ip,
  };
  const added = await queries.insertDevice(trx, device, ctx.policy['devices.perAccount'], now);
  return { id, token: chainedToken(ctx.keys, 'device', { id, generation: 0 }), isFirst: added === 1 };
}

/** Makes strangers of the account's browsers, but for `except`. */
export async function forgetDevices(trx: Transaction<Database>, accounts: Accounts, except?: string): Promise<void> {
  await queries.deleteDevices(trx, accounts, except);
}
