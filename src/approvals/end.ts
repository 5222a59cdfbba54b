import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { voidLinksAbout } from '../links/links.ts';
import * as queries from './queries.ts';
import { type ApprovalKind, type EndReason, kinds } from './rules.ts';

type End = { reason: EndReason; actor: Actor; note?: string | undefined; client?: Client | undefined };

/**
 * Ends one approval that was not carried out, under the account's lock: its veto links are void, and an owner who was told
 * of it is told of this too. Undefined where it was over already.
 */
export async function endApproval(
  trx: Transaction<Database>,
  id: string,
  { reason, actor, note, client }: End,
  now: Date,
): Promise<queries.ApprovalRow | undefined> {
  const by = actor.kind === 'agent' ? actor.id : undefined;
  const ended = await queries.end(trx, id, { reason, by, note }, now);
  if (!ended) return undefined;
  const { account_id: accountId, case_id: caseId, kind } = ended;
  if (accountId !== null) await voidLinksAbout(trx, { accountId, subjectId: id, purpose: 'veto' }, now);
  const event = { actor, accountId: accountId ?? undefined, caseId: caseId ?? undefined, client };
  const detail = { approvalId: id, kind, reason, note: note ?? null };
  await record(trx, { ...event, type: 'approval.ended', detail }, now);
  // Of what is lifted all the same the owner is told by that.
  const facts = kinds[kind];
  if (facts.isOfMany || !ended.effective_at || reason === 'released') return ended;
  // An agent's or a node's whereabouts are nothing to the owner.
  const origin = actor.kind === 'agent' ? { device: '', ip: '' } : {};
  const payload = { by: reason.replaceAll('-', '_'), ...origin };
  await record(trx, { ...event, type: facts.cancelled, detail: { approvalId: id, reason }, payload }, now);
  return ended;
}

/** Ends what of this kind is open on the account about this subject. */
export async function endApprovals(
  trx: Transaction<Database>,
  subject: queries.Subject,
  end: End,
  now: Date,
): Promise<void> {
  for (const id of await queries.listOpen(trx, subject)) await endApproval(trx, id, end, now);
}

/** As `endApprovals` for whichever of these accounts has one open, about the subject it has here if any. */
export async function endApprovalsOf(
  trx: Transaction<Database>,
  { kind, subjects }: { kind: ApprovalKind; subjects: ReadonlyMap<string, string | undefined> },
  end: End,
  now: Date,
): Promise<void> {
  if (subjects.size === 0) return;
  for (const accountId of await queries.listAccountsWithOpen(trx, [...subjects.keys()], kind)) {
    await endApprovals(trx, { accountId, kind, subjectId: subjects.get(accountId) }, end, now);
  }
}
