import { DAY, plus } from '../time.ts';

const LONGEST = 90 * DAY;

/** The latest that a watch may last to, however often it is made longer. */
export function latestEnd(beganAt: Date): Date {
  return plus(beganAt, LONGEST);
}
