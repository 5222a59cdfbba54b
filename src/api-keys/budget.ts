import type { Limits, Taken } from '../lockout/limits.ts';
import { Problem } from '../problem.ts';
import { secondsUntil } from '../time.ts';

const SLICES = 100;

/** What a key may still ask for: `remaining` of `limit` requests within the next `seconds`. */
type Standing = { limit: number; remaining: number; seconds: number };

/** How much each key asks in a minute, over all nodes. */
export type Budget = {
  /** Counts one request. Throws `too-many-requests` past the limit; undefined where nothing can count it: a key is no guess. */
  spend(keyId: string): Promise<Standing | undefined>;
};

/**
 * A node takes a hundredth of the limit at a time from the store that all share: together they never pass it, and hardly a
 * request waits for it.
 */
export function openBudget(limits: Pick<Limits, 'takeMany'>, limit: number): Budget {
  const size = Math.max(1, Math.floor(limit / SLICES));
  const slices = new Map<string, Promise<Taken & { left: number }>>();

  function slice(keyId: string) {
    const taken = limits.takeMany('api-key', keyId, size).then((each) => ({ ...each, left: each.isTaken ? size : 0 }));
    slices.set(keyId, taken);
    return taken;
  }

  return {
    async spend(keyId) {
      for (;;) {
        const asked = slices.get(keyId) ?? slice(keyId);
        const held = await asked.catch(() => undefined);
        const now = new Date();
        if (held && held.until > now) {
          const seconds = secondsUntil(held.until, now);
          if (!held.isTaken) throw new Problem('too-many-requests', { retryAfter: seconds });
          if (held.left > 0) {
            held.left -= 1;
            return { limit, remaining: held.remaining + held.left, seconds };
          }
        }
        if (slices.get(keyId) === asked) slices.delete(keyId);
        if (!held) return undefined;
      }
    },
  };
}
