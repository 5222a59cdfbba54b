import { hash } from 'node:crypto';
import { type AnyCaseRow, findAnyCase, lockAnyOpenCase } from '../cases/cases.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { type MediaType, mediaTypeOf } from './file-type.ts';
import * as queries from './queries.ts';

export type EvidenceRow = queries.EvidenceRow;
type Adder = { caseId: string; agentId: string; client: Client };
type New =
  | { kind: 'text' | 'reference'; title: string; body: string }
  | { kind: 'file'; title: string; mediaType: MediaType; content: Buffer };

/** Of one file. */
export const MOST_BYTES = 5 * 1024 * 1024;
const MOST_PER_CASE = 100;

/** Keeps a text or a reference with its hash. Throws `not-found`, `case-closed`, `too-much-evidence`. */
export async function addWords(
  ctx: Context,
  adder: Adder,
  words: { kind: 'text' | 'reference'; title: string; body: string },
): Promise<EvidenceRow> {
  return await add(ctx, adder, words);
}

/** Keeps a file under what its bytes say it is. Throws `unsupported-media-type` for what is none of those taken. */
export async function addFile(ctx: Context, adder: Adder, title: string, content: Buffer): Promise<EvidenceRow> {
  const mediaType = mediaTypeOf(content);
  if (!mediaType)
    throw new Problem('unsupported-media-type', { detail: 'The bytes are no PNG, JPEG, WebP, PDF or text' });
  return await add(ctx, adder, { kind: 'file', title, mediaType, content });
}

async function add(ctx: Context, { caseId, agentId, client }: Adder, added: New): Promise<EvidenceRow> {
  const now = ctx.clock.now();
  const sha256 = hash('sha256', added.kind === 'file' ? added.content : added.body, 'buffer');
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const accountId = (await lockAnyOpenCase(trx, caseId)).account_id ?? undefined;
    if ((await queries.countEvidence(trx, caseId)) >= MOST_PER_CASE) throw new Problem('too-much-evidence');
    const isFile = added.kind === 'file';
    const row = await queries.insertEvidence(trx, {
      ...{ id: newId(now), case_id: caseId, kind: added.kind, title: added.title, sha256 },
      body: isFile ? null : added.body,
      media_type: isFile ? added.mediaType : null,
      content: isFile ? added.content : null,
      ...{ added_by: agentId, added_at: now },
    });
    const actor = { kind: 'agent', id: agentId } as const;
    const detail = { evidenceId: row.id, kind: row.kind, sha256: sha256.toString('hex') };
    await record(trx, { type: 'case.evidence-added', actor, accountId, caseId, client, detail }, now);
    return row;
  });
}

/** What a case holds, without the bytes. Throws `not-found`. */
export async function listEvidence(ctx: Context, caseId: string): Promise<EvidenceRow[]> {
  await requireCase(ctx, caseId);
  return await queries.listEvidence(ctx.urgentDb, caseId);
}

type File = { title: string; mediaType: MediaType; content: Buffer };

/** The bytes as they came. Reading them is an event before they are answered. Throws `not-found`. */
export async function readFile(ctx: Context, { caseId, agentId, client }: Adder, id: string): Promise<File> {
  const accountId = (await requireCase(ctx, caseId)).account_id ?? undefined;
  const file = await queries.findFile(ctx.urgentDb, caseId, id);
  if (!file?.content || !file.media_type) throw new Problem('not-found');
  const actor = { kind: 'agent', id: agentId } as const;
  await transact(ctx.urgentDb, ctx.ring, (trx) =>
    record(
      trx,
      { type: 'account.read', actor, accountId, caseId, client, detail: { view: 'evidence' } },
      ctx.clock.now(),
    ),
  );
  return { title: file.title, mediaType: file.media_type, content: file.content };
}

async function requireCase(ctx: Context, caseId: string): Promise<AnyCaseRow> {
  const theCase = await findAnyCase(ctx.urgentDb, caseId);
  if (!theCase) throw new Problem('not-found');
  return theCase;
}
