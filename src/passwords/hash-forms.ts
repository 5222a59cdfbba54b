import type { Context } from '../context.ts';
import { MINUTE } from '../time.ts';
import * as queries from './queries.ts';

const SAMPLE = 1_000;
const EVERY = 10 * MINUTE;

/**
 * Shows the hasher which forms of hash there are, now and every ten minutes, so that after an import an identifier
 * nobody has cannot be told from one with a foreign hash by its time (ASVS 6.3.8). The answer stops it.
 */
export async function followHashForms(ctx: Context): Promise<() => void> {
  await learnHashForms(ctx);
  const learn = () =>
    void learnHashForms(ctx).catch((error) => ctx.log.warn({ err: error }, 'the forms of hashes could not be read'));
  const timer = setInterval(learn, EVERY).unref();
  return () => clearInterval(timer);
}

// Exported for tests: learnHashForms
export async function learnHashForms(ctx: Context): Promise<void> {
  ctx.hasher.imitate(await queries.sampleHashes(ctx.db, SAMPLE));
}
