import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type CaseRow, raise } from './open-case.ts';
import * as queries from './queries.ts';
import { isMoreUrgent, priorityOfMoney } from './rules.ts';

const wholeCurrencies = Intl.supportedValuesOf('currency').filter(
  (currency) =>
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits === 0,
);

/**
 * Counts anew what may be lost in this case, and makes it as urgent as that: more than before, never less. Called where
 * money came to be in doubt: a report, a mark, a window.
 */
export async function weighMoney(
  trx: Transaction<Database>,
  ctx: Context,
  theCase: CaseRow,
  client: Client | undefined,
  now: Date,
): Promise<CaseRow> {
  const atRisk = await queries.sumAtRisk(trx, theCase.id, theCase.account_id, wholeCurrencies);
  if (atRisk !== Number(theCase.money_at_risk)) await queries.setAtRisk(trx, theCase.id, atRisk);
  const from = { high: ctx.policy['cases.highFrom'], urgent: ctx.policy['cases.urgentFrom'] };
  const priority = priorityOfMoney(atRisk, from);
  if (priority === undefined || !isMoreUrgent(priority, theCase.priority)) return theCase;
  return await raise(trx, ctx, theCase, { priority, actor: { kind: 'rule' }, client }, now);
}
