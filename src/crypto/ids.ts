import { randomBytes, randomInt } from 'node:crypto';

const MOST = 0xfff;
let last = 0;
let sequence = 0;
let carry = 0;

/**
 * A UUIDv7 (RFC 9562 5.7, 6.2 method 1): sortable by `now`, and in the order of the calls within a millisecond.
 * Not a secret: never a bearer token.
 */
export function newId(now: Date): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(tick(now.getTime()), 0, 6);
  bytes.writeUInt16BE(0x7000 | sequence, 6);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function tick(now: number): number {
  if (now !== last) [last, carry, sequence] = [now, 0, randomInt(MOST >> 1)];
  else if (sequence < MOST) sequence += 1;
  else [carry, sequence] = [carry + 1, 0];
  return now + carry;
}
