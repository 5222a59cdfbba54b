import { type AnyCaseRow, findAnyCase, listAllMessages, type MessageRow } from '../cases/cases.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { findHolds, type Hold } from '../holds/gate.ts';
import { readPlaybook, type StepState } from '../playbooks/playbook.ts';
import { Problem } from '../problem.ts';
import { findStanding, type Standing } from '../verifications/standing.ts';
import { findProposal } from '../windows/proposals.ts';
import type { Window } from '../windows/rules.ts';
import { findWindow } from '../windows/windows.ts';
import * as queries from './queries.ts';
import { type Entry, listEntries } from './timeline-queries.ts';
import { accountOf, agentActor, type Worker } from './work.ts';

type QueuedCase = queries.QueuedCase;
export type TimelineEntry = Entry;
type Filter = Omit<queries.QueueFilter, 'status'> & { status: 'open' | 'snoozed' | 'closed' };

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** Cases by urgency, then by what is due next; closed ones the newest first. */
export async function listQueue(ctx: Context, { status, ...filter }: Filter, limit: number): Promise<QueuedCase[]> {
  if (status === 'closed') return await queries.listClosed(ctx.urgentDb, filter, limit);
  return await queries.queueQuery(ctx.urgentDb, { ...filter, status }, limit, ctx.clock.now()).execute();
}

export type WholeCase = {
  theCase: AnyCaseRow;
  steps: StepState[];
  messages: MessageRow[];
  contacts: queries.ContactRow[];
  verification: Standing;
  window: Window | undefined;
  proposal: Awaited<ReturnType<typeof findProposal>>;
  holds: Hold[];
};

/** One page of a case. Reading it is an event before it is answered. Throws `not-found`. */
export async function openCase(ctx: Context, worker: Worker): Promise<WholeCase> {
  return await readWhole(ctx, await noteReading(ctx, worker, 'case'));
}

/** As `openCase`, for who wrote the reading down already. */
export async function readWhole(ctx: Context, theCase: AnyCaseRow): Promise<WholeCase> {
  const now = ctx.clock.now();
  const { id, account_id } = theCase;
  // One about many has no steps of its own, and its holds are told by its bulk freeze.
  const own = account_id === null ? undefined : { ...theCase, account_id };
  const db = ctx.urgentDb;
  const [steps, messages, contacts, verification, window, proposal, holds] = await Promise.all([
    own ? readPlaybook(db, own, now) : [],
    listAllMessages(db, id),
    queries.listContacts(db, id),
    findStanding(db, id, ctx.policy['verification.needed']),
    findWindow(db, id),
    findProposal(db, id),
    own ? findHolds(db, own.account_id, now) : [],
  ]);
  return { theCase, steps, messages, contacts, verification, window, proposal, holds };
}

/** What happened in a case and in those merged into it, in order: events, words, contacts, evidence. Throws `not-found`. */
export async function readTimeline(
  ctx: Context,
  caseId: string,
  limit: number,
  after = BEFORE_ALL,
): Promise<TimelineEntry[]> {
  if (!(await findAnyCase(ctx.urgentDb, caseId))) throw new Problem('not-found');
  const merged = await queries.listMergedInto(ctx.urgentDb, caseId);
  return await listEntries(ctx.urgentDb, [caseId, ...merged], after, limit);
}

/** The case, once it is written down that this agent reads it. Throws `not-found`. */
export async function noteReading(
  ctx: Context,
  { caseId, agentId, client }: Worker,
  view: string,
): Promise<AnyCaseRow> {
  const theCase = await findAnyCase(ctx.urgentDb, caseId);
  if (!theCase) throw new Problem('not-found');
  const event = { type: 'account.read', actor: agentActor(agentId), accountId: accountOf(theCase) } as const;
  await transact(ctx.urgentDb, ctx.ring, (trx) =>
    record(trx, { ...event, caseId, client, detail: { view } }, ctx.clock.now()),
  );
  return theCase;
}
