import type { Transaction } from 'kysely';
import { openSharedCase } from '../cases/open-case.ts';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import * as queries from './queries.ts';

type Start = { id: string; by: Actor; client?: Client | undefined };

/** Opens the one case and lets the job begin, once. */
export async function startWithin(
  trx: Transaction<Database>,
  ctx: Context,
  { id, by, client }: Start,
  now: Date,
): Promise<void> {
  const freeze = await queries.lockBulkFreeze(trx, id);
  if (!freeze || freeze.is_dry_run || freeze.started_at) throw new Error(`bulk freeze ${id} cannot begin`);
  const { waiting } = await queries.countProgress(trx, id);
  const theCase = await openSharedCase(trx, ctx, { accountCount: waiting, actor: by, client }, now);
  await queries.startBulkFreeze(trx, id, theCase.id, now);
  const detail = { bulkFreezeId: id, total: freeze.total };
  await record(trx, { type: 'bulk-freeze.started', actor: by, caseId: theCase.id, client, detail }, now);
}
