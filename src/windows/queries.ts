import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

type Row = Pick<Selectable<Database['compromise_windows']>, 'began_at' | 'ended_at'>;

const ofAccount = statement<Row, [accountId: string]>(
  'list-windows',
  `select w.began_at, w.ended_at from compromise_windows w join cases c on c.id = w.case_id
   where w.account_id = $1 and c.closed_at is null`,
);

export async function listWindows(db: Kysely<Database>, accountId: string): Promise<Row[]> {
  return await ofAccount(db, accountId);
}

export async function findWindow(db: Kysely<Database>, caseId: string): Promise<Row | undefined> {
  return await db
    .selectFrom('compromise_windows')
    .select(['began_at', 'ended_at'])
    .where('case_id', '=', caseId)
    .executeTakeFirst();
}

type NewWindow = { caseId: string; accountId: string; from: Date; until: Date | null; agentId: string };

export async function setWindow(trx: Transaction<Database>, window: NewWindow, now: Date): Promise<void> {
  const values = { began_at: window.from, ended_at: window.until, set_by: window.agentId, set_at: now };
  await trx
    .insertInto('compromise_windows')
    .values({ case_id: window.caseId, account_id: window.accountId, ...values })
    .onConflict((conflict) => conflict.column('case_id').doUpdateSet(values))
    .execute();
}

type Proposal = Selectable<Database['window_proposals']>;

/** One for each case: the earliest of what was said. True where this is it. */
export async function proposeWindow(
  trx: Transaction<Database>,
  { caseId, from, eventId }: { caseId: string; from: Date; eventId: string },
  now: Date,
): Promise<boolean> {
  const values = { from_at: from, event_id: eventId, proposed_at: now };
  const row = await trx
    .insertInto('window_proposals')
    .values({ case_id: caseId, ...values })
    .onConflict((conflict) =>
      conflict.column('case_id').doUpdateSet(values).whereRef('window_proposals.from_at', '>', 'excluded.from_at'),
    )
    .returning('case_id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function findProposal(db: Kysely<Database>, caseId: string): Promise<Proposal | undefined> {
  return await db.selectFrom('window_proposals').selectAll().where('case_id', '=', caseId).executeTakeFirst();
}

const earliest = statement<{ began_at: Date | null }, [accountId: string]>(
  'find-earliest-begin',
  `select min(least(w.began_at, p.from_at)) as began_at from cases c
   left join compromise_windows w on w.case_id = c.id left join window_proposals p on p.case_id = c.id
   where c.account_id = $1 and c.closed_at is null`,
);

/** Whether an agent took a factor away by undoing what a window holds, in an event with this id or a later one. */
export async function hasUndoneFactor(db: Kysely<Database>, accountId: string, firstId: string): Promise<boolean> {
  const row = await db
    .selectFrom('events')
    .select('id')
    .where('account_id', '=', accountId)
    .where('id', '>=', firstId)
    .where('type', '=', 'window.undone')
    .where(sql<boolean>`detail->>'kind' in ('totp', 'passkey', 'sms', 'recovery-codes')`)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

type Set = { case_id: string; began_at: Date; set_by: string; set_at: Date };

/** The windows of the account's open cases with who set them. */
export async function listSetWindows(db: Kysely<Database>, accountId: string): Promise<Set[]> {
  return await db
    .selectFrom('compromise_windows as w')
    .innerJoin('cases as c', 'c.id', 'w.case_id')
    .select(['w.case_id', 'w.began_at', 'w.set_by', 'w.set_at'])
    .where('w.account_id', '=', accountId)
    .where('c.closed_at', 'is', null)
    .execute();
}

/** The earliest begin of a window, set or proposed, of the account's open cases. */
export async function findEarliestBegin(db: Kysely<Database>, accountId: string): Promise<Date | undefined> {
  return (await earliest(db, accountId))[0]?.began_at ?? undefined;
}
