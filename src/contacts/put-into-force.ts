import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { startCoolDown } from '../holds/freeze.ts';
import { voidLinks } from '../links/links.ts';
import { endOthers } from '../sessions/end.ts';
import { type Holder, ownerEvent } from '../sessions/holder.ts';
import { plus } from '../time.ts';
import { dropTextsOf } from './drop-texts.ts';
import { maskContact } from './mask.ts';
import * as queries from './queries.ts';

const events = { email: 'email.changed', phone: 'phone.changed', username: 'username.changed' } as const;

/**
 * Makes a waiting change the account's own, under its lock. Other sessions and devices end, links mailed to the old
 * address are void, withdrawals wait, the owner is told everywhere. The old value stays reserved while that can be
 * undone. False where the change waits no more or the value is somebody else's: then the transaction must not commit.
 */
export async function putIntoForce(
  trx: Transaction<Database>,
  ctx: Context,
  holder: Holder,
  changeId: string,
  now: Date,
): Promise<boolean> {
  const { accountId, client } = holder;
  const undoUntil = plus(now, ctx.policy['contacts.undoWindow']);
  const change = await queries.confirmChange(trx, changeId, accountId, undoUntil, now);
  if (!change) return false;
  if (!(await queries.settleIdentifiers(trx, accountId, change.kind, change.new_key, now))) return false;
  await queries.setContact(trx, accountId, change.kind, change.new_value, now);
  await voidLinks(trx, accountId, ['reset-password', 'confirm-email', 'unlock-sign-in'], now);
  await endOthers(trx, holder, 'contact-changed', now);
  await startCoolDown(trx, ctx, accountId, client, now);
  await dropTextsOf(trx, change.kind, accountId, client, now);
  const detail = {
    changeId,
    from: maskContact(change.kind, change.old_value),
    to: maskContact(change.kind, change.new_value),
  };
  const event = { ...ownerEvent(holder), detail, payload: { subjectId: changeId } };
  await record(trx, { ...event, type: events[change.kind] }, now);
  return true;
}
