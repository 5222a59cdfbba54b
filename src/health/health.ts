import type { Context } from '../context.ts';
import { ping } from './queries.ts';

const PATIENCE_MS = 2_000;

/** What keeps this node from serving; nothing means ready. Mail and helpdesk being down is no reason: deliveries wait. */
export async function findMissing(ctx: Context): Promise<string[]> {
  try {
    const timeout = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error('no answer')), PATIENCE_MS).unref(),
    );
    await Promise.race([ping(ctx.urgentDb), timeout]);
    return [];
  } catch {
    return ['database'];
  }
}
