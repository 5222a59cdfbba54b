import { carryOutApprovals } from './approvals/carry-out.ts';
import { runBulkFreezes } from './bulk-freezes/run.ts';
import { undoBulkFreezes } from './bulk-freezes/undo.ts';
import { escalateOverdue } from './case-work/overdue.ts';
import type { Context } from './context.ts';
import { endRetention } from './erasure/erase.ts';
import { keepHouse } from './housekeeping/housekeeping.ts';
import { tendKeys } from './keys/tend.ts';
import { fallBackUnconfirmed } from './releases/confirm.ts';
import { sealEvents } from './seals/seals.ts';
import { carryOutStaffChanges } from './staff/due.ts';
import { forgetStrangers } from './stuffing/forget.ts';
import { weighEvents } from './suspicions/weigh.ts';
import { HOUR, MINUTE, SECOND } from './time.ts';
import { carryOutUnfreezes } from './unfreeze/lift.ts';
import { tellDueWatches } from './watches/due.ts';

type Job = { name: string; every: number; run(ctx: Context): Promise<unknown> };

/** What runs by itself beside requests and deliveries. Every node runs all of it; the work itself tolerates that. */
const jobs: readonly Job[] = [
  { name: 'weigh events', every: 2 * SECOND, run: weighEvents },
  { name: 'seal events', every: 10 * SECOND, run: sealEvents },
  { name: 'carry out approvals', every: 10 * SECOND, run: carryOutApprovals },
  { name: 'carry out changes of staff', every: 10 * SECOND, run: carryOutStaffChanges },
  { name: 'freeze in bulk', every: SECOND, run: runBulkFreezes },
  { name: 'undo bulk freezes', every: SECOND, run: undoBulkFreezes },
  { name: 'lift owners’ holds', every: 10 * SECOND, run: carryOutUnfreezes },
  { name: 'replace unconfirmed freezes', every: 10 * SECOND, run: fallBackUnconfirmed },
  { name: 'escalate what is overdue', every: 30 * SECOND, run: escalateOverdue },
  { name: 'tell due watches', every: MINUTE, run: tellDueWatches },
  { name: 'tend keys', every: MINUTE, run: tendKeys },
  { name: 'forget strangers', every: MINUTE, run: forgetStrangers },
  { name: 'keep house', every: 10 * MINUTE, run: keepHouse },
  { name: 'end retention', every: HOUR, run: endRetention },
];

/**
 * Starts the jobs; the answer stops them and waits for those that run. One that fails runs again at its time, one that takes
 * longer than that once at a time.
 */
export function startJobs(ctx: Context): () => Promise<void> {
  const running = new Map<Job, Promise<unknown>>();
  const timers = jobs.map((job) =>
    setInterval(() => {
      if (running.has(job)) return;
      const run = job
        .run(ctx)
        .catch((error) => ctx.log.error({ err: error, job: job.name }, 'job failed'))
        .finally(() => running.delete(job));
      running.set(job, run);
    }, job.every).unref(),
  );
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.allSettled(running.values());
  };
}
