import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { redeemGrant, refuseAltered, voidHeldGrant } from '../grants/redeem.ts';
import type { Deed } from '../grants/rules.ts';
import { type Hold, pass } from '../holds/gate.ts';
import { findMoneyDoubts } from '../payees/quarantine.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { grantReason, holdReason, quarantineReason, type Reason } from './reasons.ts';
import { amountErrors, canonicalAmount, gateAction, type TransactionKind } from './rules.ts';

export type TransactionRow = queries.TransactionRow;
type TransactionInput = {
  transactionId: string;
  accountId: string;
  kind: TransactionKind;
  amount: string;
  currency: string;
  payee?: { id: string; name?: string | undefined } | undefined;
  occurredAt?: string | undefined;
  ip?: string | undefined;
  sessionId?: string | undefined;
  deviceId?: string | undefined;
  grant?: string | undefined;
};

/**
 * Decides on a transaction before the money moves and remembers the decision. The same id with the same fields gives the
 * same answer; only a `challenge` that comes with a grant is decided anew. A grant is spent in the very transaction that
 * says `allow`; one that was sent and is no good gives a `challenge`, whether or not one is asked for: who sends one relies
 * on it. Other fields throw `transaction-conflict`. Throws `invalid-request` for an unknown account or amount.
 */
export async function decideTransaction(
  ctx: Context,
  input: TransactionInput,
  apiKeyId: string,
  client: Client,
): Promise<TransactionRow> {
  const errors = amountErrors(input.amount, input.currency);
  if (errors.length > 0) throw new Problem('invalid-request', { errors });
  const now = ctx.clock.now();
  const asked = {
    requestHash: hashInput(input),
    bearer: { actor: { kind: 'host', id: apiKeyId }, client, transactionId: input.transactionId } as const,
    needsGrant: ctx.policy['transactions.grant'] === 'required',
  };
  const row = await transact(ctx.db, ctx.ring, (trx) => decide(trx, input, asked, now));
  if (!row.request_hash.equals(asked.requestHash)) throw new Problem('transaction-conflict');
  return row;
}

type Asked = { requestHash: Buffer; bearer: Parameters<typeof redeemGrant>[3]; needsGrant: boolean };
type Verdict = { decision: 'allow' | 'challenge' | 'deny'; reasons: Reason[] };

async function decide(
  trx: Transaction<Database>,
  input: TransactionInput,
  asked: Asked,
  now: Date,
): Promise<TransactionRow> {
  const passage = await pass(trx, input.accountId, gateAction(input.kind) ?? 'case-access', now);
  if (!passage) throw unknownAccount();
  const standing = input.grant === undefined ? undefined : await findDecided(trx, input, input.grant, asked, now);
  if (standing) return standing;
  const stoppedBy = gateAction(input.kind) ? passage.stoppedBy : [];
  const verdict = await judge(trx, input, stoppedBy, asked, now);
  const row = rowOf(input, verdict, asked, now);
  const written = await (input.grant === undefined
    ? queries.insertTransaction(trx, row)
    : queries.insertOrDecideAnew(trx, row));
  if (!written) return (await queries.findTransaction(trx, input.transactionId)) as TransactionRow;
  const { transactionId, kind, amount, currency, accountId } = input;
  const detail = { transactionId, kind, decision: verdict.decision, amount, currency };
  const { actor, client } = asked.bearer;
  await record(trx, { type: 'transaction.decided', actor, accountId, client, detail }, now);
  return written;
}

/** The answer that stands, and with it nothing that a grant could change. One at a time asks this with one id. */
async function findDecided(
  trx: Transaction<Database>,
  input: TransactionInput,
  grant: string,
  { requestHash, bearer }: Asked,
  now: Date,
): Promise<TransactionRow | undefined> {
  await queries.lockTransactionId(trx, input.transactionId);
  const standing = await queries.findTransaction(trx, input.transactionId);
  const isSame = standing?.request_hash.equals(requestHash);
  if (standing && !isSame) await refuseAltered(trx, grant, deedOf(input), bearer, now);
  return isSame && standing?.decision === 'challenge' ? undefined : standing;
}

async function judge(
  trx: Transaction<Database>,
  input: TransactionInput,
  stoppedBy: Hold[],
  { bearer, needsGrant }: Asked,
  now: Date,
): Promise<Verdict> {
  const { grant } = input;
  if (stoppedBy.length > 0) {
    if (grant !== undefined) await voidHeldGrant(trx, grant, deedOf(input), bearer, now);
    return { decision: 'deny', reasons: stoppedBy.map(holdReason) };
  }
  const isOut = gateAction(input.kind) !== undefined;
  const doubts = isOut ? await findMoneyDoubts(trx, input.accountId, input.payee?.id) : undefined;
  if (doubts?.isQuarantined) {
    if (grant !== undefined) await voidHeldGrant(trx, grant, deedOf(input), bearer, now);
    return { decision: 'deny', reasons: [quarantineReason] };
  }
  if (grant !== undefined) {
    const refusal = await redeemGrant(trx, grant, deedOf(input), bearer, now);
    return refusal ? { decision: 'challenge', reasons: [grantReason(refusal)] } : { decision: 'allow', reasons: [] };
  }
  if (!doubts) return { decision: 'allow', reasons: [] };
  const missing = needsGrant ? 'missing' : doubts.isWatched ? 'watched' : undefined;
  return missing ? { decision: 'challenge', reasons: [grantReason(missing)] } : { decision: 'allow', reasons: [] };
}

function deedOf({ kind, accountId, sessionId, amount, currency, payee }: TransactionInput): Deed {
  return { action: kind, accountId, sessionId, amount: canonicalAmount(amount, currency), currency, payee };
}

function rowOf(input: TransactionInput, { decision, reasons }: Verdict, { requestHash }: Asked, now: Date) {
  return {
    id: newId(now),
    transaction_id: input.transactionId,
    account_id: input.accountId,
    kind: input.kind,
    amount: input.amount,
    currency: input.currency,
    payee_id: input.payee?.id ?? null,
    payee_name: input.payee?.name ?? null,
    occurred_at: input.occurredAt === undefined ? now : new Date(input.occurredAt),
    ip: input.ip ?? null,
    session_id: input.sessionId ?? null,
    device_id: input.deviceId ?? null,
    request_hash: requestHash,
    decision,
    status: 'decided' as const,
    score: decision === 'deny' ? 100 : 0,
    reasons: JSON.stringify(reasons),
    decided_at: now,
  };
}

/** The decision as it stands. Throws `not-found`. */
export async function findTransaction(ctx: Context, transactionId: string): Promise<TransactionRow> {
  const row = await queries.findTransaction(ctx.reader, transactionId);
  if (!row) throw new Problem('not-found');
  return row;
}

function unknownAccount(): Problem {
  return new Problem('invalid-request', { errors: [{ pointer: '/accountId', detail: 'there is no such account' }] });
}

/** What makes two requests the same: their fields but the grant, whatever the order or spelling of the JSON. */
function hashInput(input: TransactionInput): Buffer {
  const { payee } = input;
  const fields = [
    input.transactionId,
    input.accountId,
    input.kind,
    input.amount,
    input.currency,
    payee?.id,
    payee?.name,
    input.occurredAt && new Date(input.occurredAt).toISOString(),
    input.ip,
    input.sessionId,
    input.deviceId,
  ];
  return createHash('sha256')
    .update(JSON.stringify(fields.map((field) => field ?? null)))
    .digest();
}
