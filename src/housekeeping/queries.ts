import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/types.ts';

/** Sign-ups nobody confirmed; their links go with them. */
export async function deleteStaleSignUps(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('sign_ups').where('created_at', '<', before).execute();
}

export async function deleteStaleChallenges(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('challenges').where('expires_at', '<', before).execute();
}

export async function deleteStalePasskeyChallenges(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('webauthn_challenges').where('expires_at', '<', before).execute();
}

/** What became of them stands in the events. */
export async function deleteStaleGrants(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('grants').where('expires_at', '<', before).execute();
}

export async function deleteStaleSmsCodes(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('sms_codes').where('expires_at', '<', before).execute();
}

export async function deleteStaleLinks(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('links').where('expires_at', '<', before).execute();
}

/** Ways in of agents, with the password and secret that nobody confirmed. */
export async function deleteStaleAgentEnrolments(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('agent_enrolments').where('expires_at', '<', before).execute();
}

export async function deleteOldAgentLocks(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('agent_locks').where('locked_until', '<', before).execute();
}

export async function deleteStaleSessions(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<', before).execute();
}

export async function deleteStaleIdempotencyKeys(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('created_at', '<', before).execute();
}

export async function deleteStaleRates(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('rate_limits').where('expire', '<', String(before.getTime())).execute();
}

/** Counters that were neither touched nor blocked since start anew anyway; the others must keep how long they block next. */
export async function deleteQuietCounters(db: Kysely<Database>, before: Date): Promise<void> {
  await db
    .deleteFrom('attempt_counters')
    .where('touched_at', '<', before)
    .where((eb) => eb.or([eb('blocked_until', 'is', null), eb('blocked_until', '<', before)]))
    .execute();
}

/**
 * Keeps a flood of made-up identifiers from filling the disk: past `most`, the longest untouched go. A door that is
 * locked stays so: the flood must not open it.
 */
export async function capCounters(db: Kysely<Database>, most: number, now: Date): Promise<void> {
  await sql`delete from attempt_counters where coalesce(blocked_until <= ${now}, true) and key in (
    select key from attempt_counters order by touched_at desc offset ${most})`.execute(db);
}

/** Identifiers that were changed for others, once nobody can undo that any more. */
export async function deleteReservations(db: Kysely<Database>, now: Date): Promise<void> {
  await db.deleteFrom('identifiers').where('reserved_until', '<=', now).execute();
}

export async function deleteStaleChanges(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('contact_changes').where('confirmed_at', 'is', null).where('expires_at', '<', before).execute();
}

export async function deleteRemovedAddresses(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('notice_addresses').where('removed_at', '<', before).execute();
}

/** What the host can tell no more, so that nobody needs to know it was told. */
export async function deleteOldHostEvents(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('host_events').where('at', '<', before).execute();
}

/** Dry runs that nobody asks about any more; who they would have frozen goes with them. */
export async function deleteOldDryRuns(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('bulk_freezes').where('is_dry_run', '=', true).where('requested_at', '<', before).execute();
}

/** Wrong codes that no count asks about any more. */
export async function deleteOldWrongCodes(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('wrong_codes').where('at', '<', before).execute();
}
