import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { pass } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { findAmountFault, gateAction, type TransactionKind } from './rules.ts';

export type TransactionRow = queries.TransactionRow;
export type Reason = { rule: string; text: string };
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
};

/**
 * Decides on a transaction before the money moves and remembers the decision. The same id with the same fields gives the
 * same answer; other fields throw `transaction-conflict`. Throws `invalid-request` for an unknown account or amount.
 */
export async function decideTransaction(
  ctx: Context,
  input: TransactionInput,
  apiKeyId: string,
  client: Client,
): Promise<TransactionRow> {
  requireAmount(input);
  const now = ctx.clock.now();
  const requestHash = hashInput(input);
  const row = await transact(ctx.db, ctx.ring, (trx) => decide(trx, input, { requestHash, apiKeyId, client }, now));
  if (!row.request_hash.equals(requestHash)) throw new Problem('transaction-conflict');
  return row;
}

type Asked = { requestHash: Buffer; apiKeyId: string; client: Client };

async function decide(
  trx: Transaction<Database>,
  input: TransactionInput,
  asked: Asked,
  now: Date,
): Promise<TransactionRow> {
  const action = gateAction(input.kind);
  const passage = await pass(trx, input.accountId, action ?? 'case-access', now);
  if (!passage) throw unknownAccount();
  const stoppedBy = action ? passage.stoppedBy : [];
  const reasons: Reason[] = stoppedBy.map((hold) => ({
    rule: `hold:${hold.reason_code}`,
    text: `A hold on ${hold.scope} stands since ${hold.since.toISOString()}`,
  }));
  const decision = stoppedBy.length > 0 ? 'deny' : 'allow';
  const inserted = await queries.insertTransaction(trx, {
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
    request_hash: asked.requestHash,
    decision,
    status: 'decided',
    score: decision === 'deny' ? 100 : 0,
    reasons: JSON.stringify(reasons),
    decided_at: now,
  });
  if (!inserted) return (await queries.findTransaction(trx, input.transactionId)) as TransactionRow;
  const detail = {
    transactionId: input.transactionId,
    kind: input.kind,
    decision,
    amount: input.amount,
    currency: input.currency,
  };
  const actor = { kind: 'host', id: asked.apiKeyId } as const;
  await record(
    trx,
    { type: 'transaction.decided', actor, accountId: input.accountId, client: asked.client, detail },
    now,
  );
  return inserted;
}

/** The decision as it stands. Throws `not-found`. */
export async function findTransaction(ctx: Context, transactionId: string): Promise<TransactionRow> {
  const row = await queries.findTransaction(ctx.reader, transactionId);
  if (!row) throw new Problem('not-found');
  return row;
}

const faults = {
  'unknown-currency': { pointer: '/currency', detail: 'must be an ISO 4217 code' },
  'too-precise': { pointer: '/amount', detail: 'has more decimals than the currency' },
  'not-positive': { pointer: '/amount', detail: 'must be more than zero' },
};

function requireAmount(input: TransactionInput): void {
  const fault = findAmountFault(input.amount, input.currency);
  if (fault) throw new Problem('invalid-request', { errors: [faults[fault]] });
}

function unknownAccount(): Problem {
  return new Problem('invalid-request', { errors: [{ pointer: '/accountId', detail: 'there is no such account' }] });
}

/** What makes two requests the same: their fields, whatever the order or spelling of the JSON. */
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
