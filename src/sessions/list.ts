import type { Context } from '../context.ts';
import type { Locale } from '../languages/languages.ts';
import { deviceName, readUserAgent } from '../notices/device-name.ts';
import type { Place } from '../places/places.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';

export type ListedSession = queries.ListedSession;
type Page = { limit: number; before?: string | undefined };

/** The account's live sessions, newest first, those of id `before` and later left out. Neither idle nor ended ones. */
export async function listSessions(ctx: Context, accountId: string, page: Page): Promise<ListedSession[]> {
  const now = ctx.clock.now();
  const seenAfter = plus(now, -ctx.policy['session.idle']);
  return await queries.listSessions(ctx.urgentDb, accountId, { ...page, seenAfter }, now);
}

type Described = {
  place: Place | null;
  device: { name: string | null; browser: string | null; os: string | null };
};

/** What an owner recognises of a browser: its own name and where its address is. */
export function describeClient(
  ctx: Context,
  row: { ip: string | null; user_agent: string | null },
  locale: Locale,
): Described {
  return {
    place: ctx.places(row.ip, locale),
    device: { name: deviceName(row.user_agent) ?? null, ...readUserAgent(row.user_agent) },
  };
}
