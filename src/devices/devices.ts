import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { hashToken, newToken } from '../crypto/tokens.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** The device that a browser's token named; the token is absent where only an earlier step of the sign-in saw it. */
export type Presented = { deviceId: string; deviceToken: string | undefined } | undefined;
/** `isFirst`: the account never had another one, not even one that was forgotten. */
type Device = { id: string; token: string; isNew: boolean; isFirst: boolean };

type Bearer = { accountId: string; presented: Presented; client: Client };

/** Renews the known device that was presented, or makes this browser one. Only after every required factor was right. */
export async function recogniseDevice(
  trx: Transaction<Database>,
  ctx: Context,
  who: Bearer,
  now: Date,
): Promise<Device> {
  const { client, presented } = who;
  if (!presented) return await addDevice(trx, ctx, who, now);
  const token = newToken('hf_dt');
  const userAgent = client.userAgent?.slice(0, 400) ?? null;
  const isRenewed = await queries.renewDevice(
    trx,
    presented.deviceId,
    presented.deviceToken === undefined ? null : hashToken(presented.deviceToken),
    token.hash,
    userAgent,
    client.ip,
    now,
  );
  if (!isRenewed) return await addDevice(trx, ctx, who, now);
  return { id: presented.deviceId, token: token.plain, isNew: false, isFirst: false };
}

/** Makes this browser a known device, with a counter of its own. */
export async function addDevice(
  trx: Transaction<Database>,
  ctx: Context,
  who: Omit<Bearer, 'presented'>,
  now: Date,
): Promise<Device> {
  const token = newToken('hf_dt');
  const id = newId(now);
  const device = {
    id,
    accountId: who.accountId,
    tokenHash: token.hash,
    userAgent: who.client.userAgent?.slice(0, 400) ?? null,
    ip: who.client.ip,
  };
  const added = await queries.insertDevice(trx, device, ctx.policy['devices.perAccount'], now);
  return { id, token: token.plain, isNew: true, isFirst: added === 1 };
}

/** Makes strangers of the account's browsers, but for `except`. */
export async function forgetDevices(trx: Transaction<Database>, accountId: string, except?: string): Promise<void> {
  await queries.deleteDevices(trx, accountId, except);
}
