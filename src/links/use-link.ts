import type { Transaction } from 'kysely';
import { vetoApproval } from '../approvals/veto.ts';
import { undoChange } from '../contacts/undo.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { addDevice } from '../devices/devices.ts';
import { record } from '../events/record.ts';
import { findEvent, isFromOutside, type SpineEvent } from '../events/spine.ts';
import { freezeWithin } from '../holds/freeze.ts';
import { findHolds, type Hold, passAlone } from '../holds/gate.ts';
import { type Action, isFreeze, isLastingFreeze } from '../holds/rules.ts';
import { Problem } from '../problem.ts';
import { confirmReport } from '../reports/confirm.ts';
import { vetoUnfreeze } from '../unfreeze/end.ts';
import { proposeWindow } from '../windows/proposals.ts';
import { findLink, type LinkPurpose, type LinkRow, redeemLink } from './links.ts';

const pressable: readonly LinkPurpose[] = [
  'freeze-account',
  'unlock-sign-in',
  'undo-contact-change',
  'veto',
  'confirm-report',
];

/** What pressing asks of the gate, where it is not signing in. */
const actions: { readonly [purpose in LinkPurpose]?: Action } = {
  'undo-contact-change': 'recover',
  // A no takes from nobody: nothing stops it.
  veto: 'case-access',
  // As heard as any report: whatever stands on the account.
  'confirm-report': 'case-access',
};

type LinkView = { purpose: LinkPurpose; event: SpineEvent };
type Used = { hold?: Hold; receipt?: string; caseReference?: string; deviceToken?: string };

/**
 * What pressing would do. Looking changes nothing: scanners look, people press. Where an agent was is nobody's business.
 * Throws `invalid-token`.
 */
export async function describeLink(ctx: Context, token: string): Promise<LinkView> {
  const link = await findPressable(ctx, token);
  const event = await findEvent(ctx.urgentDb, link.event_id);
  if (!event) throw new Problem('invalid-token');
  const isAgents = event.actor_kind === 'agent';
  return { purpose: link.purpose, event: isAgents ? { ...event, ip: null, user_agent: null } : event };
}

/** Presses the link, once: one of sixteen callers acts. Throws `invalid-token` alike for unknown, expired, used and void. */
export async function pressLink(ctx: Context, token: string, client: Client): Promise<Used> {
  const now = ctx.clock.now();
  const { purpose, account_id: accountId } = await findPressable(ctx, token);
  if (!accountId) throw new Problem('invalid-token');
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    // The account before the link, in the order in which a release voids links: the other way round they could deadlock.
    const passage = await passAlone(trx, accountId, actions[purpose] ?? 'sign-in', now);
    if (!passage) throw new Problem('invalid-token');
    const press = { accountId, token, client };
    if (purpose === 'veto') return await pressVeto(trx, press, now);
    if (purpose === 'confirm-report') return await pressReport(trx, ctx, press, now);
    if (purpose === 'undo-contact-change') return await pressUndo(trx, ctx, press, passage.stoppedBy, now);
    return purpose === 'freeze-account'
      ? await pressFreeze(trx, ctx, press, passage.stoppedBy.find(isFreeze), now)
      : await pressUnlock(trx, ctx, press, passage.stoppedBy, now);
  });
}

type Press = { accountId: string; token: string; client: Client };

/** While a freeze stands the press changes nothing, not even the link. */
async function pressFreeze(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, token, client }: Press,
  standing: Hold | undefined,
  now: Date,
): Promise<Used> {
  const actor = { kind: 'owner', id: accountId } as const;
  const event = { type: 'freeze-link.used', actor, accountId, client } as const;
  if (standing) {
    if (!(await findLink(trx, token, now))) throw new Problem('invalid-token');
    await record(trx, { ...event, detail: { changed: false } }, now);
    return { hold: standing };
  }
  const link = await redeemLink(trx, token, 'freeze-account', now);
  if (!link) throw new Problem('invalid-token');
  const request = { accountId, scope: 'all', reasonCode: 'account-takeover', source: 'owner', actor, client } as const;
  const { hold, receipt, theCase } = await freezeWithin(trx, ctx, request, now);
  await record(trx, { ...event, caseId: theCase.id, detail: { changed: true } }, now);
  const about = await findEvent(trx, link.event_id);
  if (about?.account_id === accountId && isFromOutside(about)) {
    await proposeWindow(trx, { accountId, caseId: theCase.id, event: about, client }, now);
  }
  return { hold, receipt, caseReference: theCase.reference };
}

/** A freeze does not stop it, as it stops no recovery; a legal hold on everything does. */
async function pressUndo(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, token, client }: Press,
  stoppedBy: Hold[],
  now: Date,
): Promise<Used> {
  if (stoppedBy.length > 0) throw new Problem('invalid-token');
  const link = await redeemLink(trx, token, 'undo-contact-change', now);
  if (!link?.subject_id) throw new Problem('invalid-token');
  const standing = (await findHolds(trx, accountId, now)).find(isLastingFreeze);
  const undone = await undoChange(trx, ctx, { accountId, changeId: link.subject_id, client, standing }, now);
  if (!undone) throw new Problem('invalid-token');
  return undone;
}

async function pressReport(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, token, client }: Press,
  now: Date,
): Promise<Used> {
  const id = (await redeemLink(trx, token, 'confirm-report', now))?.subject_id;
  const confirmed = id ? await confirmReport(trx, ctx, { id }, { accountId, by: 'link', client }, now) : undefined;
  if (!confirmed) throw new Problem('invalid-token');
  return confirmed;
}

async function pressVeto(trx: Transaction<Database>, { accountId, token, client }: Press, now: Date): Promise<Used> {
  const link = await redeemLink(trx, token, 'veto', now);
  if (!link?.subject_id) throw new Problem('invalid-token');
  const vetoed = { id: link.subject_id, accountId, client };
  const outcome = (await vetoApproval(trx, vetoed, now)) ?? (await vetoUnfreeze(trx, vetoed, now));
  if (!outcome) throw new Problem('invalid-token');
  return outcome;
}

/** This browser gets a counter of its own; what strangers did stays counted. */
async function pressUnlock(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, token, client }: Press,
  stoppedBy: Hold[],
  now: Date,
): Promise<Used> {
  if (stoppedBy.length > 0 || !(await redeemLink(trx, token, 'unlock-sign-in', now)))
    throw new Problem('invalid-token');
  const device = await addDevice(trx, ctx, { accountId, client }, now);
  const actor = { kind: 'owner', id: accountId } as const;
  const detail = { by: 'link' } as const;
  await record(trx, { type: 'sign-in.unlocked', actor, accountId, deviceId: device.id, client, detail }, now);
  return { deviceToken: device.token };
}

async function findPressable(ctx: Context, token: string): Promise<LinkRow> {
  const link = await findLink(ctx.urgentDb, token, ctx.clock.now());
  if (!link || !pressable.includes(link.purpose)) throw new Problem('invalid-token');
  return link;
}
