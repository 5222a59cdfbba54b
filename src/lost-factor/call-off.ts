import type { Transaction } from 'kysely';
import { endApprovals, endApprovalsOf } from '../approvals/end.ts';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import type { Actor } from '../events/record.ts';

type Cause = {
  reason: 'factor-used' | 'frozen' | 'contact-restored';
  actor: Actor;
  client?: Client | undefined;
};

/**
 * Under the account's lock: what tells against the story that the owner lost their factor ends the reset, wherever it
 * stands: the factor itself, a freeze, a contact that its owner takes back.
 */
export async function callOffFactorReset(
  trx: Transaction<Database>,
  accountId: string,
  cause: Cause,
  now: Date,
): Promise<void> {
  await endApprovals(trx, { accountId, kind: 'second-factor-reset' }, cause, now);
}

/** As `callOffFactorReset` for each of these accounts. */
export async function callOffFactorResets(
  trx: Transaction<Database>,
  accountIds: readonly string[],
  cause: Cause,
  now: Date,
): Promise<void> {
  const subjects = new Map(accountIds.map((id) => [id, undefined]));
  await endApprovalsOf(trx, { kind: 'second-factor-reset', subjects }, cause, now);
}

/** Whoever gave a second factor has one. */
export async function noteFactorUsed(
  trx: Transaction<Database>,
  { accountId, client }: { accountId: string; client: Client },
  now: Date,
): Promise<void> {
  const actor = { kind: 'owner', id: accountId } as const;
  await callOffFactorReset(trx, accountId, { reason: 'factor-used', actor, client }, now);
}
