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
