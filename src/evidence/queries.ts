import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

type Whole = Selectable<Database['case_evidence']>;
/** All but the bytes, and how many they are. */
export type EvidenceRow = Omit<Whole, 'content'> & { size: number | null };

const columns = ['id', 'case_id', 'kind', 'title', 'body', 'media_type', 'sha256', 'added_by', 'added_at'] as const;

export async function insertEvidence(
  trx: Transaction<Database>,
  row: Insertable<Database['case_evidence']>,
): Promise<EvidenceRow> {
  const { size } = { size: row.content ? row.content.length : null };
  const kept = await trx.insertInto('case_evidence').values(row).returning(columns).executeTakeFirstOrThrow();
  return { ...kept, size };
}

export async function listEvidence(db: Kysely<Database>, caseId: string): Promise<EvidenceRow[]> {
  return await db
    .selectFrom('case_evidence')
    .select(columns)
    .select((eb) => eb.fn<number | null>('octet_length', ['content']).as('size'))
    .where('case_id', '=', caseId)
    .orderBy('id')
    .execute();
}

export async function countEvidence(db: Kysely<Database>, caseId: string): Promise<number> {
  const { n } = await db
    .selectFrom('case_evidence')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('case_id', '=', caseId)
    .executeTakeFirstOrThrow();
  return Number(n);
}

export async function findFile(db: Kysely<Database>, caseId: string, id: string): Promise<Whole | undefined> {
  return await db
    .selectFrom('case_evidence')
    .selectAll()
    .where('id', '=', id)
    .where('case_id', '=', caseId)
    .where('kind', '=', 'file')
    .executeTakeFirst();
}
