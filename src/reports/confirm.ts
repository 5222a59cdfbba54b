import type { Transaction } from 'kysely';
import { reportWithin } from '../cases/report.ts';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { changeAsHolder, type Holder } from '../sessions/holder.ts';
import * as queries from './queries.ts';

type Confirmed = { receipt: string; caseReference: string };
type Confirming = { accountId: string; by: 'link' | 'session'; client: Client };

/**
 * The owner stands by one report, by the link mailed to an address on file or signed in: it is verified and its case urgent.
 * Only the one that is named: others of strangers in the same case stay claims. Undefined where there is none to confirm.
 * The caller has the account to itself.
 */
export async function confirmReport(
  trx: Transaction<Database>,
  ctx: Context,
  named: { id: string } | { reference: string },
  { accountId, by, client }: Confirming,
  now: Date,
): Promise<Confirmed | undefined> {
  const report = await queries.confirmReport(trx, { accountId, ...named }, now);
  if (!report) return undefined;
  const { kind, message } = report;
  const speaker = { accountId, isProven: true, client };
  const { theCase, receipt } = await reportWithin(trx, ctx, speaker, { kind, message, priority: 'urgent' }, now);
  if (theCase.id !== report.case_id) await queries.moveReport(trx, report.id, theCase.id);
  const detail = { reportId: report.id, kind, by };
  const actor = { kind: 'owner', id: accountId } as const;
  await record(trx, { type: 'report.confirmed', actor, accountId, caseId: theCase.id, client, detail }, now);
  return { receipt, caseReference: theCase.reference };
}

/** As `confirmReport`, by whoever is signed in, with the reference they were given. Throws `not-found`, `unauthorized`. */
export async function confirmOwnReport(ctx: Context, holder: Holder, reference: string): Promise<Confirmed> {
  const now = ctx.clock.now();
  const { accountId, client } = holder;
  return await changeAsHolder(ctx, holder, 'use-session', now, async (trx) => {
    const confirmed = await confirmReport(trx, ctx, { reference }, { accountId, by: 'session', client }, now);
    if (!confirmed) throw new Problem('not-found');
    return confirmed;
  });
}
