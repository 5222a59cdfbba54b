import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { voidLinksAbout } from '../links/links.ts';
import * as queries from './queries.ts';

type End = { reason: queries.EndReason; actor: Actor; client?: Client | undefined };

/**
 * Ends the owner's open wish to lift their holds, under the account's lock: its code and its veto links are good for nothing,
 * and who was told of it is told of this too. False where none was open.
 */
export async function endUnfreeze(
  trx: Transaction<Database>,
  which: { accountId: string; id?: string | undefined },
  { reason, actor, client }: End,
  now: Date,
): Promise<boolean> {
  const ended = await queries.endUnfreeze(trx, which, reason, now);
  if (ended) await tellEnded(trx, ended, { reason, actor, client }, now);
  return ended !== undefined;
}

/** As `endUnfreeze` for whichever of these accounts has one open. */
export async function endUnfreezes(
  trx: Transaction<Database>,
  accountIds: readonly string[],
  end: End,
  now: Date,
): Promise<void> {
  for (const ended of await queries.endUnfreezes(trx, accountIds, end.reason, now))
    await tellEnded(trx, ended, end, now);
}

async function tellEnded(
  trx: Transaction<Database>,
  { id, account_id: accountId, confirmed_at }: queries.UnfreezeRow,
  { reason, actor, client }: End,
  now: Date,
): Promise<void> {
  if (!confirmed_at) return;
  await voidLinksAbout(trx, { accountId, subjectId: id, purpose: 'veto' }, now);
  const payload = { by: reason.replaceAll('-', '_'), ...(actor.kind === 'owner' ? {} : { device: '', ip: '' }) };
  const detail = { unfreezeId: id, reason };
  await record(trx, { type: 'unfreeze.cancelled', actor, accountId, client, detail, payload }, now);
}

/** The owner's no to a wish in their name. Undefined, and nothing written, where it is over. */
export async function vetoUnfreeze(
  trx: Transaction<Database>,
  { id, accountId, client }: { id: string; accountId: string; client: Client },
  now: Date,
): Promise<Record<never, never> | undefined> {
  const actor = { kind: 'owner', id: accountId } as const;
  return (await endUnfreeze(trx, { accountId, id }, { reason: 'vetoed', actor, client }, now)) ? {} : undefined;
}
