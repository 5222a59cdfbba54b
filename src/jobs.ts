import { carryOutApprovals } from './approvals/carry-out.ts';
import type { Context } from './context.ts';
import { endRetention } from './erasure/erase.ts';
import { keepHouse } from './housekeeping/housekeeping.ts';
import { tendKeys } from './keys/tend.ts';
import { sealEvents } from './seals/seals.ts';
import { forgetStrangers } from './stuffing/forget.ts';
import { HOUR, MINUTE, SECOND } from './time.ts';

type Job = { name: string; every: number; run(ctx: Context): Promise<unknown> };

/** What runs by itself beside requests and deliveries. Every node runs all of it; the work itself tolerates that. */
const jobs: readonly Job[] = [
  { name: 'seal events', every: 10 * SECOND, run: sealEvents },
  { name: 'carry out approvals', every: 10 * SECOND, run: carryOutApprovals },
  { name: 'tend keys', every: MINUTE, run: tendKeys },
  { name: 'forget strangers', every: MINUTE, run: forgetStrangers },
  { name: 'keep house', every: 10 * MINUTE, run: keepHouse },
  { name: 'end retention', every: HOUR, run: endRetention },
];

/** Starts the jobs; the answer stops them and waits for one that is running. A job that fails runs again at its time. */
export function startJobs(ctx: Context): () => Promise<void> {
  const running = new Set<Promise<unknown>>();
  const timers = jobs.map((job) =>
    setInterval(() => {
      const run = job
        .run(ctx)
        .catch((error) => ctx.log.error({ err: error, job: job.name }, 'job failed'))
        .finally(() => running.delete(run));
      running.add(run);
    }, job.every).unref(),
  );
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.allSettled(running);
  };
}
