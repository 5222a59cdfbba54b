import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { answerMatch } from './answer.ts';
import { judge, sift } from './judge.ts';
import * as queries from './queries.ts';
import { type RuleId, ruleIds } from './rules.ts';

const PAGE = 500;

/**
 * Reads the spine from where it was last read, judges what is new and acts on it. What a match leads to is committed with
 * the cursor past it: after a crash nothing is lost and nothing happens twice, and of several nodes one works at a time.
 */
export async function weighEvents(ctx: Context): Promise<void> {
  const ids = ruleIds.filter((id) => ctx.policy[`rules.${id}`] !== 'off');
  for (;;) {
    const isDone = await transact(ctx.db, ctx.ring, (trx) => weighPage(trx, ctx, ids));
    if (isDone) return;
  }
}

/** Stops at the first event that leads to something: no transaction takes more than one account. True where it came to the end. */
async function weighPage(trx: Transaction<Database>, ctx: Context, ids: readonly RuleId[]): Promise<boolean> {
  const cursor = await queries.lockCursor(trx);
  const page = await queries.listNext(trx, cursor, PAGE);
  const last = page.at(-1);
  if (!last) return true;
  for (const event of await sift(trx, page, ids)) {
    const matches = await judge(trx, event, ids);
    if (matches.length === 0) continue;
    for (const match of matches) await answerMatch(trx, ctx, event.accountId, match, ctx.clock.now());
    await queries.moveCursor(trx, event);
    return false;
  }
  await queries.moveCursor(trx, last);
  return page.length < PAGE;
}
