import { HOUR, MINUTE } from '../time.ts';

/** Where something came from, as far as a file of addresses knows. */
export type Spot = { country: string; position: { latitude: number; longitude: number } | undefined };
type Sighting = Spot & { at: Date };

/** What there is to know of a sign-in whose password was right, from a device that is not known. */
type Signals = {
  /** How often strangers locked the identifier that was typed, the last time within a day. */
  strangers: { locks: number };
  here: Spot | undefined;
  /** When and where each known device was last seen. */
  devices: readonly Sighting[];
};

type Rule = {
  id: string;
  /** For agents; the owner and whoever signs in are told none of it. */
  reason: string;
  applies: (signals: Signals, now: Date) => boolean;
};

/** Faster than an airliner; closer than this, addresses are too coarse to tell. */
const KM_PER_HOUR = 900;
const KM_AT_LEAST = 300;
/** Where only countries are known. */
const BETWEEN_COUNTRIES = 30 * MINUTE;

/** Each that applies is a reason to doubt that it is the owner. A new device by itself is none. */
const rules: readonly Rule[] = [
  {
    id: 'guessed-password',
    reason: 'Strangers had tried this identifier until it locked, within a day before the right password',
    applies: ({ strangers }) => strangers.locks > 0,
  },
  {
    id: 'impossible-travel',
    reason:
      'It came from a country of none of the known devices, sooner than anybody gets there from where one was seen',
    applies: ({ here, devices }, now) =>
      here !== undefined &&
      devices.every((device) => device.country !== here.country) &&
      devices.some((device) => isOutOfReach(here, device, now)),
  },
];

/** The ids of the rules that apply. */
export function judge(signals: Signals, now: Date): string[] {
  return rules.filter((rule) => rule.applies(signals, now)).map((rule) => rule.id);
}

function isOutOfReach(here: Spot, device: Sighting, now: Date): boolean {
  const passed = now.getTime() - device.at.getTime();
  if (!here.position || !device.position) return passed < BETWEEN_COUNTRIES;
  const distance = kilometres(here.position, device.position);
  return distance > KM_AT_LEAST && distance / KM_PER_HOUR > passed / HOUR;
}

type Position = NonNullable<Spot['position']>;

/** Along a great circle (haversine). */
function kilometres(a: Position, b: Position): number {
  const rad = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (from: number, to: number) => Math.sin(rad(to - from) / 2) ** 2;
  const h =
    half(a.latitude, b.latitude) +
    Math.cos(rad(a.latitude)) * Math.cos(rad(b.latitude)) * half(a.longitude, b.longitude);
  return 2 * 6371 * Math.asin(Math.min(1, Math.sqrt(h)));
}
