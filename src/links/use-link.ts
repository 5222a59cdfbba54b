import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { addDevice } from '../devices/devices.ts';
import { record } from '../events/record.ts';
import { findEvent, type SpineEvent } from '../events/spine.ts';
import { freezeWithin } from '../holds/freeze.ts';
import { type Hold, pass } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { findLink, type LinkPurpose, type LinkRow, redeemLink } from './links.ts';

const pressable: readonly LinkPurpose[] = ['freeze-account', 'unlock-sign-in'];

type LinkView = { purpose: LinkPurpose; event: SpineEvent };
type Used = { hold?: Hold; receipt?: string; caseReference?: string; deviceToken?: string };

/** What pressing would do. Looking changes nothing: scanners look, people press. Throws `invalid-token`. */
export async function describeLink(ctx: Context, token: string): Promise<LinkView> {
  const link = await findPressable(ctx, token);
  const event = await findEvent(ctx.urgentDb, link.event_id);
  if (!event) throw new Problem('invalid-token');
  return { purpose: link.purpose, event };
}

/** Presses the link, once: one of sixteen callers acts. Throws `invalid-token` alike for unknown, expired, used and void. */
export async function pressLink(ctx: Context, token: string, client: Client): Promise<Used> {
  const now = ctx.clock.now();
  const { purpose } = await findPressable(ctx, token);
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const link = await redeemLink(trx, token, purpose, now);
    if (!link?.account_id) throw new Problem('invalid-token');
    const accountId = link.account_id;
    return purpose === 'freeze-account'
      ? await pressFreeze(trx, ctx, { accountId, client }, now)
      : await pressUnlock(trx, ctx, { accountId, client }, now);
  });
}

type Press = { accountId: string; client: Client };

async function pressFreeze(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, client }: Press,
  now: Date,
): Promise<Used> {
  const actor = { kind: 'owner', id: accountId } as const;
  const request = { accountId, scope: 'all', reasonCode: 'account-takeover', source: 'owner', actor, client } as const;
  const { hold, receipt, theCase } = await freezeWithin(trx, ctx, request, now);
  await record(
    trx,
    {
      type: 'freeze-link.used',
      actor,
      accountId,
      caseId: theCase.id,
      client,
      detail: { changed: hold.since.getTime() === now.getTime() },
    },
    now,
  );
  return { hold, receipt, caseReference: theCase.reference };
}

/** This browser gets a counter of its own; what strangers did stays counted. */
async function pressUnlock(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, client }: Press,
  now: Date,
): Promise<Used> {
  const passage = await pass(trx, accountId, 'sign-in', now);
  if (!passage || passage.stoppedBy.length > 0) throw new Problem('invalid-token');
  const device = await addDevice(trx, ctx, { accountId, client }, now);
  const actor = { kind: 'owner', id: accountId } as const;
  await record(
    trx,
    { type: 'sign-in.unlocked', actor, accountId, deviceId: device.id, client, detail: { by: 'link' } },
    now,
  );
  return { deviceToken: device.token };
}

async function findPressable(ctx: Context, token: string): Promise<LinkRow> {
  const link = await findLink(ctx.urgentDb, token, ctx.clock.now());
  if (!link || !pressable.includes(link.purpose)) throw new Problem('invalid-token');
  return link;
}
