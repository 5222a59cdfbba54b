import type { Context } from '../context.ts';
import { csvLine } from '../csv.ts';
import { isFromOutside, type SpineEvent } from '../events/spine.ts';
import { type Locale, text } from '../languages/languages.ts';
import type { Place } from '../places/places.ts';
import { describeClient } from '../sessions/list.ts';
import { type OwnersType, ownersData } from './owners-view.ts';

type By = 'you' | 'somebody' | 'support' | 'app' | 'system';
type Entry = {
  id: string;
  type: string;
  at: string;
  text: string;
  by: By;
  ip: string | null;
  place: Place | null;
  device: { name: string | null; browser: string | null; os: string | null } | null;
  sessionId: string | null;
  data: Record<string, unknown>;
};

const actors: Record<SpineEvent['actor_kind'], By> = {
  owner: 'you',
  anonymous: 'somebody',
  agent: 'support',
  host: 'app',
  rule: 'system',
  system: 'system',
};

/** An event as the owner of its account reads it, in their language. */
export function showEntry(ctx: Context, event: SpineEvent, locale: Locale): Entry {
  const isOutside = isFromOutside(event);
  const origin = isOutside ? event : { ip: null, user_agent: null };
  const { place, device } = describeClient(ctx, origin, locale);
  return {
    id: event.id,
    type: event.type,
    at: event.at.toISOString(),
    text: wordsOf(event, locale),
    by: actors[event.actor_kind],
    ip: origin.ip,
    place,
    device: origin.user_agent === null ? null : device,
    sessionId: isOutside ? event.session_id : null,
    data: ownersData(event.type as OwnersType, event.detail),
  };
}

/** The host's own words for what it saw, in the owner's language or in what there is. */
function wordsOf({ type, detail }: SpineEvent, locale: Locale): string {
  const own = type === 'host.event' ? (detail as { text?: Partial<Record<Locale, string>> | null }).text : undefined;
  return own?.[locale] ?? own?.en ?? own?.['zh-CN'] ?? text(locale, `activity.${type as OwnersType}`);
}

export const entryHeader = ['id', 'at', 'type', 'text', 'by', 'ip', 'country', 'place', 'device', 'data'];

export function entryLine({ id, at, type, by, ip, place, device, data, ...entry }: Entry, locale: Locale): string {
  const { browser, os } = device ?? { browser: null, os: null };
  const name = browser && os ? text(locale, 'page.device.name', { browser, os }) : (browser ?? os);
  const details = Object.keys(data).length > 0 ? JSON.stringify(data) : '';
  return csvLine([id, at, type, entry.text, by, ip, place?.country, place?.text, name, details]);
}
