import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

const THREADS = '/proc/self/task';
/** A tenth of the main thread's weight: behind it and the database, and still never starved by them. */
const STEPS_BEHIND = 10;
const LOWEST = 19;

/**
 * Lets the thread pool's threads run behind the main one, so that a flood of hashes leaves it its core. They must have
 * been started. Linux alone has a priority for each thread: elsewhere, or where it is refused, all stay alike.
 */
export function lowerPoolPriority(): void {
  try {
    const niceness = Math.min(getPriority() + STEPS_BEHIND, LOWEST);
    for (const id of readdirSync(THREADS)) {
      if (readFileSync(`${THREADS}/${id}/comm`, 'utf8') === 'libuv-worker\n') setPriority(Number(id), niceness);
    }
  } catch {
    // Everything works without it, only less evenly.
  }
}
