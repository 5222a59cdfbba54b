import { DAY, MINUTE, plus } from '../time.ts';

/** When people work: in `zone`, on `days` (1 is Monday) that are no holiday, from `opensAt` to `closesAt` (minutes of the day). */
export type Calendar = {
  zone: string;
  days: ReadonlySet<number>;
  opensAt: number;
  closesAt: number;
  /** `2026-05-25`, or `12-25` for every year. */
  holidays: ReadonlySet<string>;
};

/** So many milliseconds of working time, or the end of the nth working day after this one. */
// Exported for tests: Promised
export type Promised = { within: number } | { businessDays: number };

/** Without a working day for ten years the calendar is no calendar; then time just passes. */
const FARTHEST_DAYS = 3660;

/** When what is promised at `from` is due. Without a calendar every hour counts, and every day is a working day of UTC. */
export function dueBy(calendar: Calendar | undefined, promise: Promised, from: Date): Date {
  if ('businessDays' in promise) return endOfBusinessDay(calendar ?? always, promise.businessDays, from);
  return calendar ? afterWorking(calendar, promise.within, from) : plus(from, promise.within);
}

const always: Calendar = {
  zone: 'UTC',
  days: new Set([1, 2, 3, 4, 5, 6, 7]),
  opensAt: 0,
  closesAt: 24 * 60,
  holidays: new Set(),
};

function afterWorking(calendar: Calendar, length: number, from: Date): Date {
  const first = localDay(calendar.zone, from);
  let left = length;
  for (let n = 0; n <= FARTHEST_DAYS; n++) {
    const day = addDays(first, n);
    if (!isWorking(calendar, day)) continue;
    const opens = instantOf(calendar.zone, day, calendar.opensAt);
    const begins = Math.max(opens.getTime(), from.getTime());
    const worked = instantOf(calendar.zone, day, calendar.closesAt).getTime() - begins;
    if (worked >= left) return new Date(begins + left);
    left -= Math.max(0, worked);
  }
  return plus(from, length);
}

function endOfBusinessDay(calendar: Calendar, count: number, from: Date): Date {
  const first = localDay(calendar.zone, from);
  let left = count;
  for (let n = 0; n <= FARTHEST_DAYS; n++) {
    const day = addDays(first, n);
    if (n > 0 && isWorking(calendar, day)) left--;
    const ends = instantOf(calendar.zone, day, calendar.closesAt);
    if (left <= 0 && isWorking(calendar, day) && ends > from) return ends;
  }
  return plus(from, count * DAY);
}

/** A day of some calendar, as the UTC midnight of the same date. */
type Day = Date;

const addDays = (day: Day, n: number): Day => new Date(day.getTime() + n * DAY);

function isWorking({ days, holidays }: Calendar, day: Day): boolean {
  const date = day.toISOString().slice(0, 10);
  return days.has(day.getUTCDay() || 7) && !holidays.has(date) && !holidays.has(date.slice(5));
}

function localDay(zone: string, at: Date): Day {
  const local = at.getTime() + offsetAt(zone, at.getTime());
  return new Date(Math.floor(local / DAY) * DAY);
}

/** The instant at which clocks in `zone` show so many minutes of this day; what a switch leaves out is an hour later. */
function instantOf(zone: string, day: Day, minutes: number): Date {
  const shown = day.getTime() + minutes * MINUTE;
  const guess = shown - offsetAt(zone, shown);
  return new Date(shown - offsetAt(zone, guess));
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** By how many milliseconds clocks in `zone` are ahead of UTC at an instant. */
function offsetAt(zone: string, at: number): number {
  const format = formats.get(zone) ?? new Intl.DateTimeFormat('en-US', { timeZone: zone, ...fields });
  formats.set(zone, format);
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  return shown - Math.floor(at / 1000) * 1000;
}

const fields = {
  calendar: 'gregory',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;
