import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import { DAY, MINUTE, plus, SECOND } from '../time.ts';
import * as queries from './queries.ts';
import { normalShare } from './rules.ts';

const NORMAL_FOR = 14 * DAY;
const REREAD = MINUTE;
const REPEAT = 30 * SECOND;
const MOST = 10_000;

/** What a node remembers between tries, so that an attack does not cost a statement more for every one of them. */
export type Watch = {
  /** The share of strangers' identifiers that fail here when nobody attacks; at most a minute old. */
  normal(now: Date): Promise<number>;
  /** Whether this alarm should be written again: at most every half minute. */
  isDue(alarm: string, now: Date): boolean;
};

export function openWatch(db: Kysely<Database>): Watch {
  let share: { value: number; readAt: Date } | undefined;
  const raised = new Map<string, Date>();
  return {
    async normal(now) {
      if (!share || plus(share.readAt, REREAD) <= now) {
        share = { value: normalShare(await queries.sumHours(db, plus(now, -NORMAL_FOR))), readAt: now };
      }
      return share.value;
    },
    isDue(alarm, now) {
      const last = raised.get(alarm);
      if (last && plus(last, REPEAT) > now) return false;
      if (raised.size >= MOST) raised.clear();
      raised.set(alarm, now);
      return true;
    },
  };
}
