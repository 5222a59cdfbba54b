/** As a `pg_snapshot` is written: the oldest open transaction, the first that has not begun, those open in between. */
export type Snapshot = { oldest: string; next: string; open: string[] };

/**
 * A place in the stream: the database's snapshot up to which everything was told, and when that was. It is exact on
 * every node and after every restart: what was open then, or began after it, is what is still to be told.
 */
export type Cursor = { snapshot: Snapshot; at: Date };

const MOST_OPEN = 100;
const SNAPSHOT = /^(\d{1,20}):(\d{1,20}):((?:\d{1,20},)*\d{1,20})?$/;
const CURSOR = /^(\d{1,11})-([\d:,]{1,3000})$/;

export function parseSnapshot(text: string): Snapshot | undefined {
  const [, oldest, next, open] = SNAPSHOT.exec(text) ?? [];
  if (oldest === undefined || next === undefined) return undefined;
  const snapshot = { oldest, next, open: open?.split(',') ?? [] };
  return [oldest, next, ...snapshot.open].every((id) => BigInt(id) < 2n ** 64n) ? snapshot : undefined;
}

/** What a client hands back as `Last-Event-ID`; to it, opaque. With very many open transactions it tells some twice. */
export function formatCursor({ snapshot: { oldest, next, open }, at }: Cursor): string {
  const seconds = Math.floor(at.getTime() / 1000);
  if (open.length > MOST_OPEN) return `${seconds}-${oldest}:${oldest}:`;
  return `${seconds}-${oldest}:${next}:${open.join(',')}`;
}

/** Undefined for what `formatCursor` never wrote. */
export function parseCursor(text: string): Cursor | undefined {
  const [, seconds, rest] = CURSOR.exec(text) ?? [];
  const snapshot = rest === undefined ? undefined : parseSnapshot(rest);
  return snapshot && { snapshot, at: new Date(Number(seconds) * 1000) };
}

/** Whether telling can go on from `cursor`: it is not older than `longest`, and not from ahead of this database. */
export function isResumable(cursor: Cursor, current: Cursor, longest: number): boolean {
  const age = current.at.getTime() - cursor.at.getTime();
  return age <= longest && BigInt(cursor.snapshot.next) <= BigInt(current.snapshot.next);
}
