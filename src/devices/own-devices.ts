import type { Context } from '../context.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { changeAsHolder, type Holder } from '../sessions/holder.ts';
import { endSessionsOnDevice } from '../sessions/owner-ends.ts';
import * as queries from './queries.ts';

export type ListedDevice = queries.ListedDevice;

/** The browsers and phones that an account is known by, newest first, those of id `before` and later left out. */
export async function listDevices(
  ctx: Context,
  accountId: string,
  page: { limit: number; before?: string | undefined },
): Promise<ListedDevice[]> {
  return await queries.listDevices(ctx.urgentDb, accountId, page);
}

/** Makes a stranger of one of the owner's devices and ends its sessions, at once. Throws `not-found` for any other. */
export async function removeDevice(ctx: Context, owner: Holder, deviceId: string): Promise<void> {
  const now = ctx.clock.now();
  await changeAsHolder(ctx, owner, 'use-session', now, async (trx) => {
    if (!(await queries.deleteDevice(trx, owner.accountId, deviceId))) throw new Problem('not-found');
    const { accountId, sessionId, client } = owner;
    const endedSessions = await endSessionsOnDevice(trx, accountId, deviceId, now);
    const actor = { kind: 'owner', id: accountId } as const;
    const detail = { endedSessions };
    await record(trx, { type: 'device.removed', actor, accountId, sessionId, deviceId, client, detail }, now);
  });
}
