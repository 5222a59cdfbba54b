import type { Transaction } from 'kysely';
import { type CaseRow, insertAgentMessage, lockAnyOpenCase, lockOpenCase, type MessageRow } from '../cases/cases.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import * as queries from './queries.ts';
import { accountOf, agentActor, type Worker } from './work.ts';

export type ContactRow = queries.ContactRow;

/** Writes to the owner: they are told by mail that something was said, not what. The first time is the first answer. */
export async function writeToOwner(ctx: Context, worker: Worker, body: string): Promise<MessageRow> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await lockOpenCase(trx, worker.caseId);
    return await writeWithin(trx, theCase, worker, body, now);
  });
}

/** As a part of a larger change; the caller holds the case's lock. */
export async function writeWithin(
  trx: Transaction<Database>,
  theCase: CaseRow,
  { caseId, agentId, client }: Worker,
  body: string,
  now: Date,
): Promise<MessageRow> {
  const isFirst = theCase.first_answer_at === null;
  const message = await insertAgentMessage(trx, { caseId, agentId, kind: 'message', body }, now);
  if (isFirst) await queries.change(trx, caseId, { first_answer_at: now });
  const detail = { messageId: message.id, isFirst };
  // The mail is not to name the agent's device as if it were a stranger's.
  const payload = { device: '', ip: '' };
  const { account_id: accountId } = theCase;
  await record(
    trx,
    { type: 'case.answered', actor: agentActor(agentId), accountId, caseId, client, detail, payload },
    now,
  );
  return message;
}

type Contact = {
  channel: ContactRow['channel'];
  party: ContactRow['party'];
  summary: string;
  agreed?: string | undefined;
};

/** Writes down who was spoken to, how, and what was agreed. Speaking with the owner is an answer too. */
export async function logContact(
  ctx: Context,
  { caseId, agentId, client }: Worker,
  input: Contact,
): Promise<ContactRow> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await lockAnyOpenCase(trx, caseId);
    const { channel, party, summary, agreed } = input;
    const contact = await queries.insertContact(trx, {
      ...{ id: newId(now), case_id: caseId, agent_id: agentId, at: now },
      ...{ channel, party, summary, agreed: agreed ?? null },
    });
    if (party === 'owner' && !theCase.first_answer_at) await queries.change(trx, caseId, { first_answer_at: now });
    const detail = { contactId: contact.id, channel, party };
    const event = { type: 'case.contact-logged', actor: agentActor(agentId), accountId: accountOf(theCase) } as const;
    await record(trx, { ...event, caseId, client, detail }, now);
    return contact;
  });
}
