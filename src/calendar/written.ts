import type { Calendar } from './calendar.ts';

/** How an operator writes when their people work. */
// Exported for tests: WrittenHours
export type WrittenHours = { zone: string; days: string; open: string; close: string; holidays: string };

const names = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const TIME = /^([01]\d|2[0-4]):([0-5]\d)$/;

export function isZone(value: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export function isDays(value: string): boolean {
  const days = words(value);
  return days.length > 0 && new Set(days).size === days.length && days.every((day) => names.includes(day));
}

export function isTime(value: string): boolean {
  return TIME.test(value) && minutesOf(value) <= 24 * 60;
}

/** Days of one year, `2026-05-25`, or of each, `12-25`. */
export function isHolidays(value: string): boolean {
  return words(value).every((day) => {
    const [, year = '2024', month = '', date = ''] = /^(?:(\d{4})-)?(\d\d)-(\d\d)$/.exec(day) ?? [];
    const at = new Date(`${year}-${month}-${date}T00:00:00Z`);
    return !Number.isNaN(at.getTime()) && at.toISOString().slice(5, 10) === `${month}-${date}`;
  });
}

export function readCalendar({ zone, days, open, close, holidays }: WrittenHours): Calendar {
  return {
    zone,
    days: new Set(words(days).map((day) => names.indexOf(day) + 1)),
    opensAt: minutesOf(open),
    closesAt: minutesOf(close),
    holidays: new Set(words(holidays)),
  };
}

export function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

function words(value: string): string[] {
  return value.split(/[\s,]+/).filter((word) => word !== '');
}
