import type { Context } from '../context.ts';
import { listAddresses } from '../notice-addresses/notice-addresses.ts';
import { canText } from '../notices/texter.ts';
import { isSmsFactor } from '../sms-factor/text-code.ts';
import * as queries from './queries.ts';

/** What an account signs in with and where it is told, what waits to be confirmed and what can still be undone. */
export async function describeContacts(ctx: Context, accountId: string) {
  const now = ctx.clock.now();
  const [owner, changes, noticeAddresses] = await Promise.all([
    queries.findOwner(ctx.reader, accountId),
    queries.listChanges(ctx.db, accountId, now),
    listAddresses(ctx, accountId),
  ]);
  return {
    email: owner.email,
    username: owner.username,
    phone: owner.phone,
    phoneConfirmed: owner.phone_confirmed_at !== null,
    canChangePhone: canText(ctx),
    offersTexts: isSmsFactor(ctx),
    waiting: changes
      .filter((change) => change.confirmed_at === null)
      .map((change) => ({ kind: change.kind, to: change.new_value, expiresAt: change.expires_at.toISOString() })),
    recent: changes.flatMap((change) =>
      change.confirmed_at && change.undo_until
        ? [
            {
              kind: change.kind,
              from: change.old_value,
              to: change.new_value,
              changedAt: change.confirmed_at.toISOString(),
              undoUntil: change.undo_until.toISOString(),
            },
          ]
        : [],
    ),
    noticeAddresses,
  };
}
