import { findReceipt } from '../cases/receipts.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { findEvent, isFromOutside } from '../events/spine.ts';
import { freezeWithin } from '../holds/freeze.ts';
import { type Hold, passAlone } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { proposeWindow } from '../windows/proposals.ts';
import { isOwners } from './owners-view.ts';

type Denied = { hold: Hold; caseReference: string; receipt: string };

/**
 * The owner says that an entry was not them. Freezes the account, which ends every session and forgets every device, that of
 * the entry too, and proposes to agents since when somebody else was there. Pressed again by who came in before the freeze,
 * it answers the same. Throws `not-found` for what is no entry of theirs.
 */
export async function denyEntry(ctx: Context, accountId: string, eventId: string, client: Client): Promise<Denied> {
  const now = ctx.clock.now();
  const event = await findEvent(ctx.urgentDb, eventId);
  if (event?.account_id !== accountId || !isOwners(event.type)) throw new Problem('not-found');
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const passage = await passAlone(trx, accountId, 'use-session', now);
    if (!passage) throw new Problem('unauthorized');
    const standing = passage.stoppedBy.find(({ source, scope }) => source === 'owner' && scope === 'all');
    const told = standing && (await findReceipt(trx, standing.id));
    if (standing && told) return { hold: standing, ...told };
    const actor = { kind: 'owner', id: accountId } as const;
    const request = {
      accountId,
      scope: 'all',
      reasonCode: 'account-takeover',
      source: 'owner',
      actor,
      client,
    } as const;
    const { hold, theCase, receipt } = await freezeWithin(trx, ctx, request, now);
    const caseId = theCase.id;
    const detail = { eventId, type: event.type };
    await record(trx, { type: 'activity.denied', actor, accountId, caseId, client, detail }, now);
    if (isFromOutside(event)) await proposeWindow(trx, { accountId, caseId, event, client }, now);
    return { hold, caseReference: theCase.reference, receipt };
  });
}
