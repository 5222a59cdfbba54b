import type { Limits, Taken } from '../lockout/limits.ts';
import { Problem } from '../problem.ts';
import { SECOND } from '../time.ts';

const SLICES = 100;

/** What a key may still ask for: `remaining` of `limit` requests within the next `seconds`. */
export type Standing = { limit: number; remaining: number; seconds: number };
type Slice = Taken & { left: number };

/** How much each key asks in a minute, over all nodes. */
export type Budget = {
  /** Counts one request. Throws `too-many-requests` past the limit; undefined where nothing can count it: a key is no guess. */
  spend(keyId: string): Standing | undefined | Promise<Standing | undefined>;
};

/**
 * A node takes a hundredth of the limit at a time from the store that all share: together they never pass it, and hardly a
 * request waits for it.
 */
export function openBudget(limits: Pick<Limits, 'takeMany'>, limit: number): Budget {
  const size = Math.max(1, Math.floor(limit / SLICES));
  const slices = new Map<string, Slice>();
  const asked = new Map<string, Promise<Slice>>();

  async function slice(keyId: string): Promise<Slice> {
    try {
      const taken = await limits.takeMany('api-key', keyId, size);
      const held = { ...taken, left: taken.isTaken ? size : 0 };
      slices.set(keyId, held);
      return held;
    } finally {
      asked.delete(keyId);
    }
  }

  /** Undefined where a new slice must be asked for. */
  function spendFrom(held: Slice | undefined): Standing | undefined {
    const left = held ? held.until.getTime() - Date.now() : 0;
    if (!held || left <= 0) return undefined;
    const seconds = Math.ceil(left / SECOND);
    if (!held.isTaken) throw new Problem('too-many-requests', { retryAfter: seconds });
    if (held.left === 0) return undefined;
    held.left -= 1;
    return { limit, remaining: held.remaining + held.left, seconds };
  }

  async function spendAnew(keyId: string): Promise<Standing | undefined> {
    for (;;) {
      const pending = asked.get(keyId) ?? slice(keyId);
      asked.set(keyId, pending);
      const held = await pending.catch(() => undefined);
      if (!held) return undefined;
      const standing = spendFrom(held);
      if (standing) return standing;
    }
  }

  return { spend: (keyId) => spendFrom(slices.get(keyId)) ?? spendAnew(keyId) };
}
