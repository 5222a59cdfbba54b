import type { Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import * as bound from './bound-queries.ts';
import * as codeQueries from './code-queries.ts';
import * as queries from './queries.ts';
import type { RecoveryCodes } from './recovery-codes.ts';

type Pending = { id: string; step: number };

/** Makes it the account's one second factor, with these recovery codes. The returned truth is the verdict. */
export async function rebindTotp(
  trx: Transaction<Database>,
  accountId: string,
  { id, step }: Pending,
  codes: RecoveryCodes,
  now: Date,
): Promise<boolean> {
  if (!(await queries.confirmTotp(trx, id, step, now))) return false;
  await bound.deleteEveryFactor(trx, accountId, id);
  await codeQueries.replaceRecoveryCodes(trx, accountId, codes, now);
  return true;
}
