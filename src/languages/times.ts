import type { Locale } from './languages.ts';

// British order: a day before its month cannot be misread once the month is a word.
const dateLocales: Record<Locale, string> = { en: 'en-GB', 'zh-CN': 'zh-CN' };
const units = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3600 },
  { unit: 'minute', seconds: 60 },
] as const;

/** '22 November 2026, 04:28 UTC': the zone is always shown. */
export function formatInstant(locale: Locale, date: Date, timeZone = 'UTC'): string {
  const part = new Intl.DateTimeFormat(dateLocales[locale], {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
    timeZoneName: 'short',
  }).formatToParts(date);
  const of = (type: Intl.DateTimeFormatPartTypes) => part.find((piece) => piece.type === type)?.value ?? '';
  const clock = `${of('hour')}:${of('minute')}`;
  if (locale === 'zh-CN') return `${of('year')}年${of('month')}月${of('day')}日 ${clock}（${of('timeZoneName')}）`;
  return `${of('day')} ${of('month')} ${of('year')}, ${clock} ${of('timeZoneName')}`;
}

/** '30 minutes', '24 hours', '14 days': the largest unit that divides evenly, days only from two on. */
export function formatDuration(locale: Locale, seconds: number): string {
  const even = units.find((each) => seconds % each.seconds === 0 && (each.unit !== 'day' || seconds > each.seconds));
  const { unit, size } = even ? { unit: even.unit, size: even.seconds } : { unit: 'minute', size: 60 };
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(seconds / size));
}
