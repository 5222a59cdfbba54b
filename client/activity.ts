import { quietly } from './timers.ts';

const MOST_AT_ONCE = 1_000;
const MOST_KEPT = 100_000;

/** Tells the service which sessions were active, in batches: an offline check would otherwise let them fall idle. */
export type Activity = { saw(sessionId: string): void; flush(): Promise<void>; close(): Promise<void> };

export function openActivity(
  every: number,
  report: (sessionIds: string[]) => Promise<unknown>,
  onError: (error: unknown) => void,
): Activity {
  let seen = new Set<string>();

  async function flush(): Promise<void> {
    const ids = [...seen];
    seen = new Set();
    for (let start = 0; start < ids.length; start += MOST_AT_ONCE) {
      const some = ids.slice(start, start + MOST_AT_ONCE);
      try {
        await report(some);
      } catch (error) {
        onError(error);
        for (const id of some) keep(id);
      }
    }
  }

  function keep(id: string): void {
    if (seen.size < MOST_KEPT) seen.add(id);
  }

  const timer = quietly(setInterval(() => void flush(), every));
  return {
    saw: keep,
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
