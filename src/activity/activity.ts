import { findAccount } from '../accounts/accounts.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { type EventFilter, listEvents, type SpineEvent, walkEvents } from '../events/spine.ts';
import { ownersTypesOf } from './owners-view.ts';

/** A file ends after so many entries; `to` asks for what lies before. */
export const MOST_IN_FILE = 50_000;

type Asked = {
  /** A type, or the part before its first dot. */
  kind?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  before?: string | undefined;
};

/** What the owner may see of their account's events, newest first. */
export async function listActivity(
  ctx: Context,
  accountId: string,
  asked: Asked,
  limit: number,
): Promise<SpineEvent[]> {
  return await listEvents(ctx.urgentDb, ownersFilter(accountId, asked), limit);
}

/** As `listActivity`, all of it up to `MOST_IN_FILE`. */
export function walkActivity(ctx: Context, accountId: string, asked: Asked): AsyncGenerator<SpineEvent> {
  return walkEvents(ctx.db, ownersFilter(accountId, asked), MOST_IN_FILE);
}

function ownersFilter(accountId: string, { kind, ...range }: Asked): EventFilter {
  return { ...range, accountId, types: ownersTypesOf(kind) };
}

/** All events of an account, for an agent: the reading is recorded before it is answered. Throws `not-found`. */
export async function openAccountActivity(
  ctx: Context,
  accountId: string,
  agentId: string,
  client: Client,
): Promise<void> {
  await findAccount(ctx, accountId);
  const actor = { kind: 'agent', id: agentId } as const;
  const event = { type: 'account.read', actor, accountId, client, detail: { view: 'activity' } } as const;
  await transact(ctx.urgentDb, ctx.ring, (trx) => record(trx, event, ctx.clock.now()));
}
