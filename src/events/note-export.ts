import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { EventDetails } from './catalogue.ts';
import { record } from './record.ts';

/** An agent takes the audit log with them: that is an event of its own, there before the file is. */
export async function noteExport(
  ctx: Context,
  agentId: string,
  detail: EventDetails['events.exported'],
  client: Client,
): Promise<void> {
  const actor = { kind: 'agent', id: agentId } as const;
  const accountId = detail.accountId ?? undefined;
  await transact(ctx.urgentDb, ctx.ring, (trx) =>
    record(trx, { type: 'events.exported', actor, accountId, client, detail }, ctx.clock.now()),
  );
}
