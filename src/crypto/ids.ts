import { randomInt, randomUUID } from 'node:crypto';

const MOST = 0xfff;
let last = 0;
let sequence = 0;
let carry = 0;

/**
 * A UUIDv7 (RFC 9562 5.7, 6.2 method 1): sortable by `now`, and in the order of the calls within a millisecond.
 * Not a secret: never a bearer token.
 */
export function newId(now: Date): string {
  const time = tick(now.getTime()).toString(16).padStart(12, '0');
  const count = sequence.toString(16).padStart(3, '0');
  // A random UUID has the same variant and random bits in its last two groups.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${randomUUID().slice(19)}`;
}

/** As `newId` for what happened at another time than now; in no order with what else is of that millisecond. */
export function idAt(at: Date): string {
  const time = at.getTime().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** When an id of `newId` was made. */
export function timeOf(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

/** Sorts before every id made at this instant, and after every one made before. */
export function firstIdOf(at: Date): string {
  const time = Math.max(0, at.getTime()).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

function tick(now: number): number {
  if (now !== last) [last, carry, sequence] = [now, 0, randomInt(MOST >> 1)];
  else if (sequence < MOST) sequence += 1;
  else [carry, sequence] = [carry + 1, 0];
  return now + carry;
}
