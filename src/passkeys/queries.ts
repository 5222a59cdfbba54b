import type { Kysely, Selectable, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database, PasskeysTable, WebauthnChallengesTable } from '../db/types.ts';

export type ChallengePurpose = Selectable<WebauthnChallengesTable>['purpose'];

/** What a challenge is bound to: only an answer for exactly this can use it up. */
export type Binding = { purpose: ChallengePurpose; subject: string | null };

type NewChallenge = Binding & { hash: Buffer; accountId: string | null; expiresAt: Date };

/** The same challenge asked for again, as a grant's is, stays as it is: used if it was used. */
export async function insertChallenge(db: Kysely<Database>, challenge: NewChallenge): Promise<void> {
  const { hash, purpose, accountId, subject, expiresAt } = challenge;
  await db
    .insertInto('webauthn_challenges')
    .values({ challenge_hash: hash, purpose, account_id: accountId, subject, expires_at: expiresAt })
    .onConflict((conflict) => conflict.column('challenge_hash').doNothing())
    .execute();
}

type AskedPasskey = {
  id: string;
  account_id: string;
  public_key: Buffer;
  sign_count: string;
  is_asked: boolean;
};

const findAsked = statement<
  AskedPasskey,
  [credentialId: Buffer, hash: Buffer, purpose: string, subject: string | null, now: Date]
>(
  'find-asked-passkey',
  `select p.id, p.account_id, p.public_key, p.sign_count,
     exists (select from webauthn_challenges c where c.challenge_hash = $2 and c.purpose = $3
       and c.subject is not distinct from $4 and (c.account_id is null or c.account_id = p.account_id)
       and c.used_at is null and c.expires_at > $5) as is_asked
   from passkeys p where p.credential_id = $1`,
);

/**
 * The passkey, and whether the challenge was put to it. In one statement: an answer that another one overtakes between
 * two would look like a clone's.
 */
export async function findAskedPasskey(
  db: Kysely<Database>,
  credentialId: Buffer,
  hash: Buffer,
  { purpose, subject }: Binding,
  now: Date,
): Promise<AskedPasskey | undefined> {
  return (await findAsked(db, credentialId, hash, purpose, subject, now))[0];
}

/** Uses the challenge up. The returned truth is the verdict. */
export async function redeemChallenge(
  trx: Transaction<Database>,
  hash: Buffer,
  { purpose, subject }: Binding,
  accountId: string,
  now: Date,
): Promise<boolean> {
  const redeemed = await trx
    .updateTable('webauthn_challenges')
    .set({ used_at: now })
    .where('challenge_hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('subject', 'is not distinct from', subject)
    .where((eb) => eb.or([eb('account_id', 'is', null), eb('account_id', '=', accountId)]))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('challenge_hash')
    .executeTakeFirst();
  return redeemed !== undefined;
}

/** Whether somebody was asked to make a passkey with this challenge, and is still awaited. */
export async function isAwaited(
  db: Kysely<Database>,
  hash: Buffer,
  { purpose, subject }: Binding,
  accountId: string,
  now: Date,
): Promise<boolean> {
  const row = await db
    .selectFrom('webauthn_challenges')
    .select('challenge_hash')
    .where('challenge_hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('subject', 'is not distinct from', subject)
    .where('account_id', '=', accountId)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row !== undefined;
}

type Use = { accountId: string; id: string; signCount: number; isBackedUp: boolean };

/** Notes a use. False when the passkey is gone, or has counted further already. */
export async function raiseSignCount(trx: Transaction<Database>, use: Use, now: Date): Promise<boolean> {
  const raised = await trx
    .updateTable('passkeys')
    .set({ sign_count: String(use.signCount), is_backed_up: use.isBackedUp, last_used_at: now })
    .where('id', '=', use.id)
    .where('account_id', '=', use.accountId)
    .where((eb) =>
      eb.or([
        eb('sign_count', '<', String(use.signCount)),
        eb.and([eb('sign_count', '=', '0'), eb.val(use.signCount === 0)]),
      ]),
    )
    .returning('id')
    .executeTakeFirst();
  return raised !== undefined;
}

export async function hasPasskey(db: Kysely<Database>, accountId: string, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('passkeys')
    .select('id')
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row !== undefined;
}

export type PasskeyRow = Pick<
  Selectable<PasskeysTable>,
  'id' | 'credential_id' | 'transports' | 'is_backed_up' | 'name' | 'created_at' | 'last_used_at'
>;

export async function listPasskeys(db: Kysely<Database>, accountId: string): Promise<PasskeyRow[]> {
  return await db
    .selectFrom('passkeys')
    .select(['id', 'credential_id', 'transports', 'is_backed_up', 'name', 'created_at', 'last_used_at'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
}

export type NewPasskey = Omit<Selectable<PasskeysTable>, 'account_id' | 'created_at' | 'last_used_at'>;

/** False where the credential is somebody's already. */
export async function insertPasskey(
  trx: Transaction<Database>,
  accountId: string,
  passkey: NewPasskey,
  now: Date,
): Promise<boolean> {
  const inserted = await trx
    .insertInto('passkeys')
    .values({ ...passkey, account_id: accountId, created_at: now })
    .onConflict((conflict) => conflict.column('credential_id').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function renamePasskey(
  trx: Transaction<Database>,
  accountId: string,
  id: string,
  name: string,
): Promise<PasskeyRow | undefined> {
  return await trx
    .updateTable('passkeys')
    .set({ name })
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .returning(['id', 'credential_id', 'transports', 'is_backed_up', 'name', 'created_at', 'last_used_at'])
    .executeTakeFirst();
}

export async function deletePasskey(
  trx: Transaction<Database>,
  accountId: string,
  id: string,
): Promise<{ name: string } | undefined> {
  return await trx
    .deleteFrom('passkeys')
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .returning('name')
    .executeTakeFirst();
}
