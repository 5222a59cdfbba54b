import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

type Proven = { event: 'account-frozen'; scope: string; holdId: string } | { event: 'reported'; kind: string };

/** Signs what was received and when, and keeps it 18 months: proof for whoever froze or reported (PSD2 70(1)(c)). */
export async function issueReceipt(
  trx: Transaction<Database>,
  ctx: Context,
  theCase: queries.CaseRow,
  proven: Proven,
  now: Date,
): Promise<string> {
  const what =
    proven.event === 'reported'
      ? { event: proven.event, kind: proven.kind }
      : { event: proven.event, scope: proven.scope };
  const jws = signReceipt(ctx, theCase.account_id, theCase, what, now);
  await queries.insertReceipt(trx, {
    id: newId(now),
    account_id: theCase.account_id,
    case_id: theCase.id,
    hold_id: 'holdId' in proven ? proven.holdId : null,
    jws,
    issued_at: now,
  });
  return jws;
}

type What = { event: 'account-frozen'; scope: string } | { event: 'reported'; kind: string };

/** The receipt itself (JWS): of whom, what, in which case and when. */
export function signReceipt(
  ctx: Context,
  accountId: string,
  { reference }: { reference: string },
  what: What,
  now: Date,
): string {
  return ctx.signer.signReceipt({ sub: accountId, ...what, case: reference, at: now.toISOString() }, now);
}

type Told = { caseReference: string; receipt: string };

/** What whoever placed this hold was given, for another who asks the same at once. */
export async function findReceipt(trx: Transaction<Database>, holdId: string): Promise<Told | undefined> {
  const row = await queries.findReceipt(trx, holdId);
  return row && { caseReference: row.reference, receipt: row.jws };
}
