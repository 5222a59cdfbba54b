import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/types.ts';

export type Entry = {
  id: string;
  at: Date;
  what: 'event' | 'message' | 'contact' | 'evidence';
  /** Of an event its type, of words what they are, of a contact its channel, of evidence its kind. */
  type: string;
  by: 'anonymous' | 'owner' | 'agent' | 'host' | 'rule' | 'system';
  by_id: string | null;
  text: string | null;
  data: Record<string, unknown>;
};

/** Told by what they wrote; who read is for the audit. */
const LEFT_OUT = [
  'account.read',
  'case.reported',
  'case.message-added',
  'case.note-added',
  'case.answered',
  'case.contact-logged',
  'case.evidence-added',
];

/** Everything that happened in these cases, in order: ids grow with time. What is past the id `after`, up to `limit`. */
export async function listEntries(
  db: Kysely<Database>,
  caseIds: readonly string[],
  after: string,
  limit: number,
): Promise<Entry[]> {
  const { rows } = await sql<Entry>`
    (select id, at, 'event' as what, type, actor_kind as by, actor_id as by_id, null as text, detail as data
      from events where case_id = any(${caseIds}::uuid[]) and id > ${after} and not type = any(${LEFT_OUT})
      order by id limit ${limit})
    union all (select id, created_at, 'message', kind, author_kind, author_id, body,
        data || jsonb_build_object('proven', is_proven)
      from case_messages where case_id = any(${caseIds}::uuid[]) and id > ${after} order by id limit ${limit})
    union all (select id, at, 'contact', channel, 'agent', agent_id, summary,
        jsonb_build_object('party', party, 'agreed', agreed)
      from case_contacts where case_id = any(${caseIds}::uuid[]) and id > ${after} order by id limit ${limit})
    union all (select id, added_at, 'evidence', kind, 'agent', added_by, title,
        jsonb_build_object('mediaType', media_type, 'sha256', encode(sha256, 'hex'))
      from case_evidence where case_id = any(${caseIds}::uuid[]) and id > ${after} order by id limit ${limit})
    order by id limit ${limit}`.execute(db);
  return rows;
}
