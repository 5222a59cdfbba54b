import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { newToken } from '../crypto/tokens.ts';
import type { Database } from '../db/types.ts';
import { type Presented, recogniseDevice } from '../devices/devices.ts';
import { record } from '../events/record.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';

export type Assurance = queries.Assurance;

/** What a completed sign-in hands out. Nothing of it can be had again: only hashes are kept. */
export type SignedIn = {
  accessToken: string;
  expiresIn: number;
  refreshToken: string;
  deviceToken: string;
  sessionId: string;
  accountId: string;
};

/**
 * Opens an owner's session and makes its browser a known device. Only for a transaction that passed the gate:
 * the account's row lock is what keeps a freeze from coming between.
 */
export async function openSession(
  trx: Transaction<Database>,
  ctx: Context,
  who: { accountId: string; assurance: Assurance; presented: Presented; client: Client },
  now: Date,
): Promise<SignedIn> {
  const { accountId, assurance, client } = who;
  const device = await recogniseDevice(trx, ctx, who, now);
  const refresh = newToken('hf_rt');
  const sessionId = newId(now);
  await queries.insertSession(
    trx,
    {
      id: sessionId,
      accountId,
      agentId: null,
      deviceId: device.id,
      ...assurance,
      expiresAt: plus(now, ctx.policy['session.absolute']),
      ip: client.ip,
      userAgent: client.userAgent ?? null,
      refreshHash: refresh.hash,
    },
    now,
  );
  const actor = { kind: 'owner', id: accountId } as const;
  const event = { actor, accountId, sessionId, deviceId: device.id, client };
  await record(
    trx,
    { ...event, type: 'sign-in.succeeded', detail: { amr: assurance.amr, isNewDevice: device.isNew } },
    now,
  );
  if (device.isNew && !device.isFirst) await record(trx, { ...event, type: 'device.added', detail: {} }, now);
  const accessToken = await signAccess(ctx, { sessionId, accountId, authTime: now, ...assurance }, now);
  return {
    accessToken,
    expiresIn: ctx.policy['access.ttl'] / 1000,
    refreshToken: refresh.plain,
    deviceToken: device.token,
    sessionId,
    accountId,
  };
}

type Access = Assurance & { sessionId: string; accountId: string; authTime: Date };

/** An access token of at most five minutes (RFC 9068); every request looks its session up all the same. */
export async function signAccess(ctx: Context, access: Access, now: Date): Promise<string> {
  const claims = {
    client_id: 'holdfast',
    sid: access.sessionId,
    jti: newId(now),
    auth_time: Math.floor(access.authTime.getTime() / 1000),
    acr: access.acr,
    amr: access.amr,
  };
  return await ctx.signer.sign('owner', access.accountId, claims, ctx.policy['access.ttl'], now);
}
