import type { Context } from '../context.ts';
import { firstIdOf } from '../crypto/ids.ts';
import { DAY, plus } from '../time.ts';
import { judge, sift } from './judge.ts';
import * as queries from './queries.ts';
import { type RuleId, ruleIds, triggers } from './rules.ts';

const PAGE = 500;

type Rehearsal = { rule: RuleId; mode: string; matched: number; accounts: number; freezes: number };

/** What every rule would have said of the last days, whatever its mode. Writes nothing. */
export async function rehearse(ctx: Context, days: number): Promise<Rehearsal[]> {
  const counts = new Map(
    ruleIds.map((id) => [id, { matched: 0, accounts: new Set<string>(), frozen: new Set<string>() }]),
  );
  let after = firstIdOf(plus(ctx.clock.now(), -days * DAY));
  for (;;) {
    const page = await queries.listTriggers(ctx.db, triggers, after, PAGE);
    for (const event of await sift(ctx.db, page, ruleIds)) {
      for (const { rule } of await judge(ctx.db, event, ruleIds)) {
        const count = counts.get(rule.id);
        if (!count) continue;
        count.matched += 1;
        count.accounts.add(event.accountId);
        if (rule.freezes) count.frozen.add(event.accountId);
      }
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    after = last.id;
  }
  return [...counts].map(([rule, { matched, accounts, frozen }]) => {
    return { rule, mode: ctx.policy[`rules.${rule}`], matched, accounts: accounts.size, freezes: frozen.size };
  });
}
