import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import { idAt, newId } from '../crypto/ids.ts';
import { ringAfterCommit } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { reactions } from '../reactions.ts';
import { isRevoking } from '../revocations/rules.ts';
import type { EventDetails, EventType } from './catalogue.ts';
import { insertEvent, insertEvents } from './queries.ts';

export type Actor = { kind: 'anonymous' | 'owner' | 'agent' | 'host' | 'rule' | 'system'; id?: string };

/** Where something came from, as far as it is known. */
type Origin = Pick<Client, 'userAgent' | 'requestId'> & { ip: string | undefined };

type NewEvent<Type extends EventType> = {
  type: Type;
  actor: Actor;
  detail: EventDetails[Type];
  accountId?: string | undefined;
  sessionId?: string | undefined;
  deviceId?: string | undefined;
  caseId?: string | undefined;
  client?: Origin | undefined;
  /** What its deliveries need beside the event; no secret. */
  payload?: Record<string, unknown>;
  /** False where this one event reaches nobody, though its type does. */
  isSilent?: boolean;
};

/** Writes the event and the deliveries it causes: both exist exactly when the change of this transaction does. */
export async function record<Type extends EventType>(
  trx: Transaction<Database>,
  event: NewEvent<Type>,
  now: Date,
): Promise<string> {
  const id = newId(now);
  const caused = event.isSilent ? [] : (reactions[event.type] ?? []);
  const deliveries = caused.map(({ kind, name }) => ({
    id: newId(now),
    kind,
    reaction: name,
    payload: event.payload ?? {},
  }));
  await insertEvent(trx, id, event, deliveries, now);
  if (deliveries.length > 0) ringAfterCommit(trx, 'deliveries');
  if (isRevoking(event.type)) ringAfterCommit(trx, 'revocations');
  return id;
}

/**
 * As `record` for many events at once: an import makes thousands, a bulk freeze hundreds. What happened before it is
 * written has its place in time by `at`. Answers their ids, in their order.
 */
export async function recordMany<Type extends EventType>(
  trx: Transaction<Database>,
  events: readonly (NewEvent<Type> & { at?: Date })[],
  now: Date,
): Promise<string[]> {
  const [only, ...more] = events;
  if (!only) return [];
  if (more.length === 0 && !only.at) return [await record(trx, only, now)];
  const rows = events.map((event) => ({ id: event.at ? idAt(event.at) : newId(now), ...event }));
  const deliveries = rows.flatMap((event) =>
    (event.isSilent ? [] : (reactions[event.type] ?? [])).map(({ kind, name }) => ({
      id: newId(now),
      eventId: event.id,
      accountId: event.accountId,
      caseId: event.caseId,
      kind,
      reaction: name,
      payload: event.payload ?? {},
    })),
  );
  await insertEvents(trx, rows, deliveries, now);
  if (deliveries.length > 0) ringAfterCommit(trx, 'deliveries');
  if (rows.some(({ type }) => isRevoking(type))) ringAfterCommit(trx, 'revocations');
  return rows.map(({ id }) => id);
}
