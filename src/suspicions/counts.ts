import type { Context } from '../context.ts';
import { firstIdOf } from '../crypto/ids.ts';
import * as queries from './queries.ts';
import { rules } from './rules.ts';

/** What each rule did between two instants, and what agents found in the cases they closed then. */
export async function countRules(ctx: Context, from: Date, to: Date) {
  const [matches, outcomes] = await Promise.all([
    queries.countMatches(ctx.urgentDb, firstIdOf(from), firstIdOf(to)),
    queries.countOutcomes(ctx.urgentDb, from, to),
  ]);
  return rules.map(({ id, reason, freezes }) => {
    const did = matches.find(({ rule }) => rule === id);
    const found = outcomes.find(({ rule }) => rule === id);
    return {
      id,
      reason,
      mode: ctx.policy[`rules.${id}`],
      freezes,
      matched: did?.matched ?? 0,
      opened: did?.opened ?? 0,
      joined: did?.joined ?? 0,
      heldBack: did?.heldBack ?? 0,
      frozen: did?.frozen ?? 0,
      confirmed: found?.confirmed ?? 0,
      falsePositives: found?.falsePositives ?? 0,
    };
  });
}
