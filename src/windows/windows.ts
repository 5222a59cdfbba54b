import type { Kysely } from 'kysely';
import { findCase } from '../cases/cases.ts';
import { weighMoney } from '../cases/money.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { isBornInside, isNarrower, type Window } from './rules.ts';

type Wanted = { from: Date; until?: Date | undefined; note: string };

/**
 * Sets from when until when somebody else may have been in the account; what is born inside proves nothing and approves
 * nothing while the case is open. One agent may widen it. Throws `not-found`, `case-closed`, `invalid-request`, and
 * `second-person-required` for a narrower one.
 */
export async function setWindow(
  ctx: Context,
  caseId: string,
  { from, until, note }: Wanted,
  agentId: string,
  client: Client,
): Promise<Window> {
  const now = ctx.clock.now();
  requireOrder(from, until, now);
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await findCase(trx, caseId);
    if (!theCase || !(await passAlone(trx, theCase.account_id, 'case-access', now))) throw new Problem('not-found');
    if (theCase.closed_at) throw new Problem('case-closed');
    const held = await findWindow(trx, caseId);
    if (held && isNarrower({ from, until }, held)) {
      throw new Problem('second-person-required', { members: { reason: 'narrower-window' } });
    }
    const { account_id: accountId } = theCase;
    await queries.setWindow(trx, { caseId, accountId, from, until: until ?? null, agentId }, now);
    await weighMoney(trx, ctx, theCase, client, now);
    const actor = { kind: 'agent', id: agentId } as const;
    const detail = { from: from.toISOString(), until: until?.toISOString() ?? null, note };
    await record(trx, { type: 'window.set', actor, accountId, caseId, client, detail }, now);
    return { from, until };
  });
}

/** The window of a case, as far as an agent set one. */
export async function findWindow(db: Kysely<Database>, caseId: string): Promise<Window | undefined> {
  const row = await queries.findWindow(db, caseId);
  return row && windowOf(row);
}

/** Whether something of this account was born inside the window of any of its open cases: then it approves nothing. */
export async function isDoubted(db: Kysely<Database>, accountId: string, bornAt: Date): Promise<boolean> {
  const rows = await queries.listWindows(db, accountId);
  return rows.map(windowOf).some((window) => isBornInside(window, bornAt));
}

const windowOf = ({ began_at, ended_at }: { began_at: Date; ended_at: Date | null }): Window => ({
  from: began_at,
  until: ended_at ?? undefined,
});

function requireOrder(from: Date, until: Date | undefined, now: Date): void {
  const errors = [
    ...(from > now ? [{ pointer: '/from', detail: 'must not lie ahead' }] : []),
    ...(until && until <= from ? [{ pointer: '/until', detail: 'must come after `from`' }] : []),
    ...(until && until > now
      ? [{ pointer: '/until', detail: 'must not lie ahead; leave it out while it goes on' }]
      : []),
  ];
  if (errors.length > 0) throw new Problem('invalid-request', { errors });
}
