import type { Policy } from '../policy.ts';
import { plus, SECOND } from '../time.ts';

/** How long an attempt may take; a reservation older than this was lost in a crash and counts as a failure. */
const LOST_AFTER = 30 * SECOND;

export type Limit = { maxFailures: number; first: number; growth: number; cap: number };

export function passwordLimit(policy: Policy): Limit {
  return {
    maxFailures: policy['lockout.maxFailures'],
    first: policy['lockout.first'],
    growth: policy['lockout.growth'],
    cap: policy['lockout.cap'],
  };
}

export function totpLimit(policy: Policy): Limit {
  return { ...passwordLimit(policy), maxFailures: policy['totp.maxFailures'], first: policy['totp.first'] };
}

export type Counter = { failures: number; in_flight: Date[]; locks: number; blocked_until: Date | null };
export type Judgement = { verdict: 'open' } | { verdict: 'busy' } | { verdict: 'locked'; until: Date; isNew: boolean };

/** What a counter that gave no reservation means: locked, or full of attempts still running. Lost ones become failures. */
export function judge(counter: Counter, limit: Limit, now: Date): { next: Counter; judgement: Judgement } {
  if (counter.blocked_until && counter.blocked_until > now) {
    return { next: counter, judgement: { verdict: 'locked', until: counter.blocked_until, isNew: false } };
  }
  const running = counter.in_flight.filter((since) => plus(since, LOST_AFTER) > now);
  const failures = counter.failures + counter.in_flight.length - running.length;
  if (failures >= limit.maxFailures) {
    const until = plus(now, blockLength(limit, counter.locks));
    const next = { failures: 0, in_flight: running, locks: counter.locks + 1, blocked_until: until };
    return { next, judgement: { verdict: 'locked', until, isNew: true } };
  }
  const next = { ...counter, failures, in_flight: running };
  const isFull = failures + running.length >= limit.maxFailures;
  return { next, judgement: { verdict: isFull ? 'busy' : 'open' } };
}

/** Counts one finished failure; the last one allowed opens a block. */
export function countFailure(
  counter: Counter,
  limit: Limit,
  reservedAt: Date,
  now: Date,
): { next: Counter; judgement: Judgement } {
  const next = withoutReservation(counter, reservedAt);
  if (next === counter) return { next: counter, judgement: { verdict: 'open' } };
  const failures = counter.failures + 1;
  if (failures < limit.maxFailures) return { next: { ...next, failures }, judgement: { verdict: 'open' } };
  const until = plus(now, blockLength(limit, counter.locks));
  return {
    next: { ...next, failures: 0, locks: counter.locks + 1, blocked_until: until },
    judgement: { verdict: 'locked', until, isNew: true },
  };
}

/** The counter with one attempt given back; the same object when the reservation is not in it any more. */
function withoutReservation(counter: Counter, reservedAt: Date): Counter {
  const place = counter.in_flight.findIndex((since) => since.getTime() === reservedAt.getTime());
  return place < 0 ? counter : { ...counter, in_flight: counter.in_flight.toSpliced(place, 1) };
}

function blockLength(limit: Limit, earlierLocks: number): number {
  return Math.min(limit.first * limit.growth ** earlierLocks, limit.cap);
}
