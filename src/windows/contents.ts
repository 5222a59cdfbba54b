import { findCase } from '../cases/cases.ts';
import { maskContact } from '../contacts/mask.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import * as queries from './contents-queries.ts';
import type { Window } from './rules.ts';
import { findWindow } from './windows.ts';

export type Born = queries.Born;

/**
 * Everything that came to be in the account while somebody else may have been in it, oldest first, with what has become of
 * it. The reading is an event. Throws `not-found`, `step-not-ready` where no window is set.
 */
export async function readContents(
  ctx: Context,
  caseId: string,
  agentId: string,
  client: Client,
): Promise<{ window: Window; items: Born[] }> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await findCase(trx, caseId);
    if (!theCase) throw new Problem('not-found');
    const window = await findWindow(trx, caseId);
    if (!window) throw new Problem('step-not-ready', { members: { missing: ['window-set'] } });
    const { account_id: accountId } = theCase;
    const actor = { kind: 'agent', id: agentId } as const;
    await record(trx, { type: 'account.read', actor, accountId, caseId, client, detail: { view: 'window' } }, now);
    const rows = await queries.listBorn(trx, accountId, { from: window.from, until: window.until ?? now });
    return { window, items: rows.map(masked) };
  });
}

/** Contacts as agents see them elsewhere. */
function masked(row: Born): Born {
  if (row.kind === 'notice-address') return { ...row, label: maskContact('email', row.label) ?? row.label };
  if (row.kind !== 'contact-change' || row.of === null) return row;
  return { ...row, label: maskContact(row.of as 'email', row.label) ?? row.label };
}
