import { plus } from '../time.ts';

export type Purpose = 'signing' | 'encryption' | 'hashing';
/** A key's times, from which all else follows. */
export type KeyTimes = {
  id: string;
  purpose: Purpose;
  created_at: Date;
  /** Known to everybody from `created_at`, used from here: caches and other nodes have learned of it by then. */
  used_from: Date;
  /** A signing key's private half is destroyed since then. */
  retired_at: Date | null;
  /** Leaked: nothing of it counts any more. */
  revoked_at: Date | null;
};
type KeyState = 'announced' | 'in use' | 'superseded' | 'retired' | 'revoked';

/** The keys of a purpose in the order of their use. One that was revoked while it was only announced never was used. */
function inOrder<Key extends KeyTimes>(keys: readonly Key[], purpose: Purpose): Key[] {
  return keys
    .filter((key) => key.purpose === purpose && (key.revoked_at === null || key.used_from <= key.revoked_at))
    .toSorted((a, b) => +a.used_from - +b.used_from || +isLive(a) - +isLive(b) || (a.id < b.id ? -1 : 1));
}

/** Of two that came at the same instant, the one that is left came last. */
const isLive = ({ revoked_at }: KeyTimes) => revoked_at === null;

/** The key that signs, encrypts or hashes now. */
export function keyInUse<Key extends KeyTimes>(keys: readonly Key[], purpose: Purpose, now: Date): Key | undefined {
  return inOrder(keys, purpose).findLast((key) => key.used_from <= now && key.revoked_at === null);
}

/** When the key's successor takes or took over; undefined while there is none. */
export function supersededAt(keys: readonly KeyTimes[], { id, purpose }: KeyTimes): Date | undefined {
  const order = inOrder(keys, purpose);
  return order[order.findIndex((key) => key.id === id) + 1]?.used_from;
}

export function announcedKey(keys: readonly KeyTimes[], purpose: Purpose, now: Date): KeyTimes | undefined {
  return inOrder(keys, purpose).find((key) => key.used_from > now && key.revoked_at === null);
}

export function stateOf(keys: readonly KeyTimes[], key: KeyTimes, now: Date): KeyState {
  if (key.revoked_at !== null) return 'revoked';
  if (key.retired_at !== null) return 'retired';
  if (key.used_from > now) return 'announced';
  const until = supersededAt(keys, key);
  return until !== undefined && until <= now ? 'superseded' : 'in use';
}

/** Whether the next signing key must be announced so that each signs for `rotateEvery`, in milliseconds. */
export function isRotationDue(
  keys: readonly KeyTimes[],
  times: { rotateEvery: number; announce: number },
  now: Date,
): boolean {
  const current = keyInUse(keys, 'signing', now);
  if (!current || announcedKey(keys, 'signing', now)) return current === undefined;
  return +current.used_from + times.rotateEvery - times.announce <= +now;
}

/** What is to be done with a key whose use is over: first a signing key loses its private half, then any key goes. */
export function nextStep(
  keys: readonly KeyTimes[],
  key: KeyTimes,
  times: { overlap: number; keepReceipts: number },
  now: Date,
): 'retire' | 'delete' | undefined {
  const superseded = supersededAt(keys, key);
  const over = key.revoked_at ?? (superseded && plus(superseded, times.overlap));
  if (over === undefined || over > now) return undefined;
  if (key.purpose !== 'signing') return 'delete';
  if (key.retired_at === null) return 'retire';
  // A receipt is proof for as long as its key is there to check it.
  return plus(over, times.keepReceipts) <= now ? 'delete' : undefined;
}
