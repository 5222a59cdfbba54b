import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Context } from '../context.ts';

/**
 * Does `work`, and lets a refusal go out on the next beat only: how long it took must not tell what was wrong. What differs
 * is what is written of a failure, a few milliseconds; slow hashes are as many for each. Waiting holds neither a connection
 * to the database nor a slot of the hasher.
 */
export async function refuseOnBeat<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    return await work();
  } catch (error) {
    await untilBeat(ctx, started);
    throw error;
  }
}

/** As `refuseOnBeat`, for what has one answer whether it did anything or not. */
export async function answerOnBeat(ctx: Context, work: () => Promise<void>): Promise<void> {
  const started = performance.now();
  await work();
  await untilBeat(ctx, started);
}

/** Timers count whole milliseconds: what they leave of the last one would tell how long the work took. */
async function untilBeat({ policy }: Context, started: number): Promise<void> {
  const beat = policy['signIn.beat'];
  const until = started + Math.ceil((performance.now() - started) / beat) * beat;
  const whole = until - performance.now() - 1;
  if (whole > 0) await setTimeout(whole);
  while (performance.now() < until) await setImmediate();
}
