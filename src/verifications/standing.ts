import type { Kysely } from 'kysely';
import { findReopenedAt } from '../appeals/reopened.ts';
import { findContestedAt } from '../approvals/contested.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';
import { type Reached, reach } from './rules.ts';

type Proof = queries.VerificationRow & { counts: boolean };
export type Standing = Reached & { proofs: Proof[] };

/**
 * How far the identity of a case's owner is verified now, and by what. Once the owner vetoed what was built on it, or used
 * the factor that was said to be lost, what was shown before counts no more: somebody else may have shown it. Nor does it
 * once an appeal opened the case again, for who appeals may be somebody else.
 */
export async function findStanding(db: Kysely<Database>, caseId: string, asked?: number): Promise<Standing> {
  const doubts = [await findContestedAt(db, caseId), await findReopenedAt(db, caseId)];
  const rows = await queries.listVerifications(db, caseId);
  const proofs = rows.map((row) => ({
    ...row,
    counts: doubts.every((since) => since === undefined || row.verified_at > since),
  }));
  return {
    ...reach(
      proofs.filter(({ counts }) => counts),
      asked,
    ),
    proofs,
  };
}

/** The latest open case of the account in which its owner's identity is verified. */
export async function findVerifiedCase(db: Kysely<Database>, accountId: string): Promise<string | undefined> {
  for (const caseId of await queries.listVerifiedCases(db, accountId)) {
    if ((await findStanding(db, caseId)).level === 'verified') return caseId;
  }
  return undefined;
}

/** Whether identity is verified in this case by what others than this agent recorded after that. */
export async function isVerifiedByOthers(
  db: Kysely<Database>,
  caseId: string,
  agentId: string,
  after: Date,
): Promise<boolean> {
  const { proofs } = await findStanding(db, caseId);
  const others = proofs.filter((proof) => proof.counts && proof.agent_id !== agentId && proof.verified_at > after);
  return reach(others).level === 'verified';
}

/** Whether this agent verified anything in this case: then another must say yes to what is built on it. */
export async function hasVerified(db: Kysely<Database>, caseId: string, agentId: string): Promise<boolean> {
  return await queries.hasVerified(db, caseId, agentId);
}
