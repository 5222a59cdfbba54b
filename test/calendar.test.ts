import { describe, expect, it } from 'vitest';
import { dueBy, type Promised } from '../src/calendar/calendar.ts';
import { readCalendar, type WrittenHours } from '../src/calendar/written.ts';

const HOUR = 3_600_000;
const within = (hours: number): Promised => ({ within: hours * HOUR });
const nextDay: Promised = { businessDays: 1 };

const office: WrittenHours = {
  zone: 'Europe/Berlin',
  days: 'mon tue wed thu fri',
  open: '09:00',
  close: '17:00',
  holidays: '2026-12-25 2027-01-01 05-01',
};
const roundTheClock: WrittenHours = { ...office, open: '00:00', close: '24:00' };
const newYork: WrittenHours = { ...office, zone: 'America/New_York', holidays: '' };
const kathmandu: WrittenHours = { ...office, zone: 'Asia/Kathmandu', days: 'sun mon tue wed thu fri', holidays: '' };
const sundays: WrittenHours = { ...office, zone: 'Europe/Berlin', days: 'sun', open: '01:00', close: '05:00' };

type Row = [what: string, hours: WrittenHours | undefined, promise: Promised, from: string, due: string];

// biome-ignore format: a table reads as one
const table: Row[] = [
  ['no calendar: every hour counts',          undefined, within(24), '2026-11-21T22:00:00Z', '2026-11-22T22:00:00Z'],
  ['no calendar: the end of tomorrow',        undefined, nextDay,    '2026-11-21T22:00:00Z', '2026-11-23T00:00:00Z'],
  ['within one day',                          office, within(2),  '2026-11-23T09:00:00Z', '2026-11-23T11:00:00Z'],
  ['before it opens',                         office, within(2),  '2026-11-23T03:00:00Z', '2026-11-23T10:00:00Z'],
  ['after it closed',                         office, within(2),  '2026-11-23T20:00:00Z', '2026-11-24T10:00:00Z'],
  ['over the night',                          office, within(4),  '2026-11-23T14:00:00Z', '2026-11-24T10:00:00Z'],
  ['to the very end of a day',                office, within(8),  '2026-11-23T08:00:00Z', '2026-11-23T16:00:00Z'],
  ['over a weekend',                          office, within(2),  '2026-11-20T15:00:00Z', '2026-11-23T09:00:00Z'],
  ['within a weekend',                        office, within(1),  '2026-11-21T12:00:00Z', '2026-11-23T09:00:00Z'],
  ['24 working hours are three days',         office, within(24), '2026-11-23T08:00:00Z', '2026-11-25T16:00:00Z'],
  ['over Christmas of one year',              office, within(9),  '2026-12-24T08:00:00Z', '2026-12-28T09:00:00Z'],
  ['no holiday in another year',              office, within(9),  '2028-12-22T16:00:00Z', '2028-12-26T09:00:00Z'],
  ['a holiday of every year',                 office, within(9),  '2029-04-30T07:00:00Z', '2029-05-02T08:00:00Z'],
  ['over the end of a year',                  office, within(9),  '2026-12-31T08:00:00Z', '2027-01-04T09:00:00Z'],
  ['over a leap day',                         office, within(16), '2028-02-28T08:00:00Z', '2028-02-29T16:00:00Z'],
  ['past February of no leap year',           office, within(9),  '2027-02-26T08:00:00Z', '2027-03-01T09:00:00Z'],
  ['an hour less in spring, on working time', office, within(9),  '2026-03-27T08:00:00Z', '2026-03-30T08:00:00Z'],
  ['an hour more in autumn',                  office, within(9),  '2026-10-23T07:00:00Z', '2026-10-26T09:00:00Z'],
  ['in New York, which switches apart',       newYork, within(9), '2026-03-06T14:00:00Z', '2026-03-09T14:00:00Z'],
  ['in New York in autumn',                   newYork, within(9), '2026-10-30T13:00:00Z', '2026-11-02T15:00:00Z'],
  ['a quarter hour off, on a Sunday',         kathmandu, within(1), '2026-11-21T12:00:00Z', '2026-11-22T04:15:00Z'],
  ['working through the hour that is missing', sundays, within(3), '2026-03-29T00:00:00Z', '2026-03-29T03:00:00Z'],
  ['and through the one that comes twice',    sundays, within(5), '2026-10-24T23:00:00Z', '2026-10-25T04:00:00Z'],
  ['day and night but weekends',              roundTheClock, within(24), '2026-11-20T12:00:00Z', '2026-11-23T12:00:00Z'],
  ['a Sunday of 23 hours is no matter',       roundTheClock, within(48), '2026-03-27T11:00:00Z', '2026-03-31T10:00:00Z'],
  ['PSD2 73 the end of the next business day', office, nextDay,   '2026-11-23T10:00:00Z', '2026-11-24T16:00:00Z'],
  ['from a Friday',                           office, nextDay,    '2026-11-20T10:00:00Z', '2026-11-23T16:00:00Z'],
  ['from a Saturday',                         office, nextDay,    '2026-11-21T10:00:00Z', '2026-11-23T16:00:00Z'],
  ['over Christmas',                          office, nextDay,    '2026-12-24T10:00:00Z', '2026-12-28T16:00:00Z'],
  ['from the last day of a year',             office, nextDay,    '2026-12-31T10:00:00Z', '2027-01-04T16:00:00Z'],
  ['onto a leap day',                         office, nextDay,    '2028-02-28T10:00:00Z', '2028-02-29T16:00:00Z'],
  ['late at night it is the next day already', office, nextDay,   '2026-11-23T23:30:00Z', '2026-11-25T16:00:00Z'],
  ['over the switch to summer',               office, nextDay,    '2026-03-27T10:00:00Z', '2026-03-30T15:00:00Z'],
  ['over the switch to winter',               office, nextDay,    '2026-10-23T10:00:00Z', '2026-10-26T16:00:00Z'],
  ['the same day while it lasts',             office, { businessDays: 0 }, '2026-11-23T10:00:00Z', '2026-11-23T16:00:00Z'],
  ['and once it is over the next',            office, { businessDays: 0 }, '2026-11-23T16:00:00Z', '2026-11-24T16:00:00Z'],
];

describe('what is promised is due', () => {
  it.each(table)('%s', (_what, hours, promise, from, due) => {
    const calendar = hours && readCalendar(hours);
    expect(dueBy(calendar, promise, new Date(from)).toISOString()).toBe(new Date(due).toISOString());
  });

  it('later the later it is promised, whatever the calendar', () => {
    for (const hours of [office, newYork, kathmandu, sundays, roundTheClock]) {
      const calendar = readCalendar(hours);
      let last = 0;
      for (let at = Date.UTC(2026, 2, 20); at < Date.UTC(2026, 3, 5); at += HOUR / 2) {
        const due = dueBy(calendar, within(5), new Date(at)).getTime();
        expect(due).toBeGreaterThanOrEqual(last);
        expect(due - at).toBeGreaterThanOrEqual(5 * HOUR);
        last = due;
      }
    }
  });

  it('without any working day as time passes', () => {
    const never = readCalendar({ ...office, days: 'mon', holidays: allYear() });
    expect(dueBy(never, within(5), new Date('2026-11-23T00:00:00Z'))).toEqual(new Date('2026-11-23T05:00:00Z'));
  });
});

function allYear(): string {
  const first = Date.UTC(2024, 0, 1);
  return Array.from({ length: 366 }, (_, n) => new Date(first + n * 24 * HOUR).toISOString().slice(5, 10)).join(' ');
}
