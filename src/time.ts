/** Where use cases take the time from; tests put their own in its place. */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The instant `ms` milliseconds after `at`, or before it when negative. */
export function plus(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}

/** Whole seconds from `now` until `at`, rounded up, at least 1: the unit of Retry-After. */
export function secondsUntil(at: Date, now: Date): number {
  return Math.max(1, Math.ceil((at.getTime() - now.getTime()) / SECOND));
}

/** RFC 3339 in UTC, or null where there is none. */
export function written(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
