import { type Kysely, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

const births = statement<{ born_at: Date }, [accountId: string]>(
  'list-factor-births',
  `select confirmed_at as born_at from totp_factors where account_id = $1 and confirmed_at is not null
   union all select created_at from passkeys where account_id = $1
   union all select confirmed_at from sms_factors where account_id = $1 and confirmed_at is not null`,
);

export async function listFactorBirths(db: Kysely<Database>, accountId: string): Promise<Date[]> {
  return (await births(db, accountId)).map((row) => row.born_at);
}

const birth = statement<{ born_at: Date }, [id: string]>(
  'find-factor-birth',
  `select confirmed_at as born_at from totp_factors where id = $1
   union all select created_at from passkeys where id = $1`,
);

/** When this authenticator or passkey was bound. */
export async function findBirth(db: Kysely<Database>, factorId: string): Promise<Date | undefined> {
  return (await birth(db, factorId))[0]?.born_at;
}

const kinds = [
  'totp_factors',
  'passkeys',
  'sms_codes',
  'sms_factors',
  'recovery_codes',
  'webauthn_challenges',
] as const;

/** But for the authenticator named by `except`. */
export async function deleteEveryFactor(trx: Transaction<Database>, accountId: string, except?: string): Promise<void> {
  for (const table of kinds) {
    await trx
      .deleteFrom(table)
      .where('account_id', '=', accountId)
      .$if(table === 'totp_factors' && except !== undefined, (query) => query.where(sql.ref('id'), '<>', except))
      .execute();
  }
}

const codeBirth = statement<{ created_at: Date }, [accountId: string, selector: string]>(
  'find-recovery-code-birth',
  'select created_at from recovery_codes where account_id = $1 and selector = $2',
);

/** When this recovery code was issued. */
export async function findRecoveryCodeBirth(
  db: Kysely<Database>,
  accountId: string,
  selector: string,
): Promise<Date | undefined> {
  return (await codeBirth(db, accountId, selector))[0]?.created_at;
}
