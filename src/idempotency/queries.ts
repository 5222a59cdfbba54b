import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../db/types.ts';

type Key = { caller: string; key: string };

/** Takes a key that is new, older than a day, or left behind by a crash. The returned truth is the verdict. */
export async function claimKey(
  db: Kysely<Database>,
  ticket: Key & { requestHash: Buffer },
  now: Date,
  inFlightUntil: Date,
  keptSince: Date,
): Promise<boolean> {
  const fresh = {
    request_hash: ticket.requestHash,
    created_at: now,
    in_flight_until: inFlightUntil,
    status: null,
    answer: null,
  };
  const row = await db
    .insertInto('idempotency_keys')
    .values({ caller: ticket.caller, key: ticket.key, ...fresh })
    .onConflict((conflict) =>
      conflict
        .columns(['caller', 'key'])
        .doUpdateSet(fresh)
        .where((eb) =>
          eb.or([
            eb('idempotency_keys.created_at', '<', keptSince),
            eb.and([
              eb('idempotency_keys.answer', 'is', null),
              eb('idempotency_keys.in_flight_until', '<=', now),
              eb('idempotency_keys.request_hash', '=', ticket.requestHash),
            ]),
          ]),
        ),
    )
    .returning('key')
    .executeTakeFirst();
  return row !== undefined;
}

export async function findKey(
  db: Kysely<Database>,
  { caller, key }: Key,
): Promise<Selectable<Database['idempotency_keys']> | undefined> {
  return await db
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('caller', '=', caller)
    .where('key', '=', key)
    .executeTakeFirst();
}

export async function keepAnswer(
  db: Kysely<Database>,
  { caller, key }: Key,
  status: number,
  answer: string,
): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ status, answer })
    .where('caller', '=', caller)
    .where('key', '=', key)
    .execute();
}

export async function freeKey(db: Kysely<Database>, { caller, key }: Key): Promise<void> {
  await db
    .deleteFrom('idempotency_keys')
    .where('caller', '=', caller)
    .where('key', '=', key)
    .where('answer', 'is', null)
    .execute();
}
