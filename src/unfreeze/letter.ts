import { findAddressBefore } from '../contacts/address-before.ts';
import type { Context } from '../context.ts';
import { findHolds } from '../holds/gate.ts';
import { secondsUntil } from '../time.ts';
import { unfreezeCode } from './mailed-code.ts';
import * as queries from './queries.ts';
import { ownOf } from './rules.ts';
import { findSuspicion } from './standing.ts';

type Letter = { accountId: string; email: string; code: string; expiresInSeconds: number };

/** The mail with the code of a wish that waits for it, to a mailbox that no thief put there. */
export async function findUnfreezeLetter(ctx: Context, unfreezeId: string): Promise<Letter | undefined> {
  const now = ctx.clock.now();
  const wish = await queries.findWaiting(ctx.db, unfreezeId, now);
  if (!wish) return undefined;
  const { id, account_id: accountId, expires_at } = wish;
  const own = ownOf(await findHolds(ctx.db, accountId, now));
  const suspicion = await findSuspicion(ctx.db, accountId, own);
  if (!suspicion) return undefined;
  const email = await findAddressBefore(ctx.db, accountId, suspicion.since);
  return { accountId, email, code: unfreezeCode(ctx.keys, id), expiresInSeconds: secondsUntil(expires_at, now) };
}
