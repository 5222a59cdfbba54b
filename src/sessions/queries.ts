import { type Kysely, sql, type Transaction } from 'kysely';
import { type Accounts, listOf } from '../db/accounts.ts';
import { gatheredLookup } from '../db/gather.ts';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

export type Assurance = { acr: 'aal1' | 'aal2'; amr: string[] };

const insertAgents = statement<never, unknown[]>(
  'insert-agent-session',
  `insert into sessions (id, agent_id, acr, amr, auth_time, created_at, last_seen_at, expires_at, ip, user_agent)
   values ($1, $2, $3, $4, $5, $5, $5, $6, $7, $8)`,
);

type NewAgentSession = Assurance & {
  id: string;
  agentId: string;
  expiresAt: Date;
  ip: string;
  userAgent: string | null;
};

export async function insertAgentSession(trx: Transaction<Database>, s: NewAgentSession, now: Date): Promise<void> {
  await insertAgents(trx, s.id, s.agentId, s.acr, s.amr, now, s.expiresAt, s.ip, s.userAgent);
}

/** `since` and `until` as JSON brings them: RFC 3339 texts. */
export type SessionHold = {
  scope: Database['holds']['scope'];
  source: Database['holds']['source'];
  reason_code: Database['holds']['reason_code'];
  since: string;
  until: string | null;
};
export type LiveSession = Assurance & {
  id: string;
  account_id: string;
  device_id: string | null;
  auth_time: Date;
  last_seen_at: Date;
  lapsed_at: Date | null;
  expires_at: Date;
  holds: SessionHold[] | null;
};

type Instants = 'auth_time' | 'last_seen_at' | 'lapsed_at' | 'expires_at';
/** Its times as JSON brings them. */
type SessionJson = { [Key in keyof LiveSession]: Key extends Instants ? string : LiveSession[Key] };

/** Session, account and standing holds in one indexed query: what every request of an owner asks. Limits in time are not judged. */
export const findOpenSession = gatheredLookup<SessionJson, LiveSession>(
  `select s.id, s.account_id, s.device_id, s.acr, s.amr, s.auth_time, s.last_seen_at, s.lapsed_at, s.expires_at,
     (select json_agg(json_build_object('scope', h.scope, 'source', h.source, 'reason_code', h.reason_code,
        'since', h.since, 'until', h.until) order by h.since)
      from holds h where h.account_id = a.id and h.released_at is null) as holds
   from sessions s join accounts a on a.id = s.account_id
   where s.id = any($1::uuid[]) and s.ended_at is null and a.closed_at is null`,
  (row) => row.id,
  (row) => ({
    ...row,
    auth_time: new Date(row.auth_time),
    last_seen_at: new Date(row.last_seen_at),
    lapsed_at: row.lapsed_at === null ? null : new Date(row.lapsed_at),
    expires_at: new Date(row.expires_at),
  }),
);

const live = statement<{ id: string }, [id: string, now: Date]>(
  'is-live-session',
  'select id from sessions where id = $1 and ended_at is null and expires_at > $2',
);

export async function isLive(db: Kysely<Database>, id: string, now: Date): Promise<boolean> {
  return (await live(db, id, now)).length === 1;
}

/** Whether it is this account's and did not end. */
export async function isOpenSessionOf(trx: Transaction<Database>, id: string, accountId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

export type LiveAgentSession = {
  id: string;
  agent_id: string;
  role: Database['agents']['role'];
  name: string;
  last_seen_at: Date;
  auth_time: Date;
};

const findLiveAgent = statement<LiveAgentSession, [id: string, now: Date, seenAfter: Date]>(
  'find-live-agent-session',
  `select s.id, s.agent_id, a.role, a.name, s.last_seen_at, s.auth_time
   from sessions s join agents a on a.id = s.agent_id
   where s.id = $1 and s.ended_at is null and s.expires_at > $2 and s.last_seen_at > $3 and a.disabled_at is null`,
);

export async function findLiveAgentSession(
  db: Kysely<Database>,
  id: string,
  now: Date,
  seenAfter: Date,
): Promise<LiveAgentSession | undefined> {
  return (await findLiveAgent(db, id, now, seenAfter))[0];
}

export async function endSession(trx: Transaction<Database>, id: string, reason: string, now: Date): Promise<boolean> {
  const ended = await trx
    .updateTable('sessions')
    .set({ ended_at: now, end_reason: reason })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return ended !== undefined;
}

/** Which of an account's sessions: all but one, or those on one device. */
export type Selection = { except?: string; deviceId?: string };

/** Ends the account's sessions, or those selected; which they were. */
export async function endSessions(
  trx: Transaction<Database>,
  accounts: Accounts,
  reason: string,
  now: Date,
  { except, deviceId }: Selection = {},
): Promise<Map<string, string[]>> {
  const ended = await trx
    .updateTable('sessions')
    .set({ ended_at: now, end_reason: reason })
    .where('account_id', 'in', listOf(accounts))
    .where('ended_at', 'is', null)
    .$if(except !== undefined, (query) => query.where('id', '<>', except as string))
    .$if(deviceId !== undefined, (query) => query.where('device_id', '=', deviceId as string))
    .returning(['id', 'account_id'])
    .execute();
  const byAccount = new Map<string, string[]>();
  for (const { id, account_id } of ended)
    byAccount.set(String(account_id), [...(byAccount.get(String(account_id)) ?? []), id]);
  return byAccount;
}

/** Those that disclose nothing stay, and nothing answers them any more: their end would tell that they were somebody's. */
export async function deleteChallenges(trx: Transaction<Database>, accounts: Accounts): Promise<void> {
  const ids = listOf(accounts);
  await sql`with stripped as (
      update challenges set account_id = null, password_set_at = null
      where account_id = any(${ids}::uuid[]) and owes = 'undisclosed')
    delete from challenges where account_id = any(${ids}::uuid[]) and owes <> 'undisclosed'`.execute(trx);
}

export async function deleteChallengesOfDevice(trx: Transaction<Database>, deviceId: string): Promise<void> {
  await trx.deleteFrom('challenges').where('device_id', '=', deviceId).execute();
}

export type ListedSession = Assurance & {
  id: string;
  created_at: Date;
  last_seen_at: Date;
  expires_at: Date;
  ip: string | null;
  user_agent: string | null;
  device_id: string | null;
};

export async function listSessions(
  db: Kysely<Database>,
  accountId: string,
  { limit, before, seenAfter }: { limit: number; before?: string | undefined; seenAfter: Date },
  now: Date,
): Promise<ListedSession[]> {
  return await db
    .selectFrom('sessions')
    .select(['id', 'created_at', 'last_seen_at', 'expires_at', 'user_agent', 'device_id', 'acr', 'amr'])
    .select(sql<string | null>`host(ip)`.as('ip'))
    .where('account_id', '=', accountId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .where('last_seen_at', '>', seenAfter)
    .$if(before !== undefined, (query) => query.where('id', '<', before as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}
