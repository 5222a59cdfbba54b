import type { Transaction } from 'kysely';
import type { Power } from '../agents/rules.ts';
import { startAgreed, undoAgreed } from '../bulk-freezes/agreed.ts';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import type { Actor } from '../events/record.ts';
import type { Action } from '../holds/rules.ts';
import { removeSecondFactors } from '../lost-factor/remove.ts';
import { findReleaseApprover, findReleaseObstacle, releaseAsAgreed } from '../releases/agreed-release.ts';
import type { Obstacle } from '../releases/obstacles.ts';
import type { ApprovalRow } from './queries.ts';
import type { ApprovalKind } from './rules.ts';

type By = { actor: Actor; client?: Client | undefined };
type AboutAccount = ApprovalRow & { account_id: string };
type Effect = {
  /** What it asks of the gate when it is done. */
  action: Action;
  /** What the second person must be. */
  findApprover(trx: Transaction<Database>, approval: ApprovalRow): Promise<Power>;
  /** What stands against it, asked at the yes and again when it is done. */
  findObstacle(trx: Transaction<Database>, approval: ApprovalRow, now: Date): Promise<Obstacle | undefined>;
  carryOut(trx: Transaction<Database>, ctx: Context, approval: ApprovalRow, by: By, now: Date): Promise<void>;
};

/** What each kind of approval does once it is agreed to and due. */
export const effects: Record<ApprovalKind, Effect> = {
  'second-factor-reset': {
    action: 'recover',
    findApprover: async () => 'lead',
    findObstacle: async () => undefined,
    carryOut: async (trx, ctx, approval, _by, now) => await removeSecondFactors(trx, ctx, aboutAccount(approval), now),
  },
  // Holds stack: what else stands neither stops nor joins it.
  'release-hold': {
    action: 'case-access',
    findApprover: async (trx, approval) => await findReleaseApprover(trx, aboutAccount(approval)),
    findObstacle: async (trx, approval, now) => await findReleaseObstacle(trx, aboutAccount(approval), now),
    carryOut: async (trx, ctx, approval, by, now) => await releaseAsAgreed(trx, ctx, aboutAccount(approval), by, now),
  },
  'bulk-freeze': {
    action: 'case-access',
    findApprover: async () => 'lead',
    findObstacle: async () => undefined,
    carryOut: startAgreed,
  },
  'bulk-undo': {
    action: 'case-access',
    findApprover: async () => 'lead',
    findObstacle: async () => undefined,
    carryOut: undoAgreed,
  },
};

function aboutAccount({ account_id, ...rest }: ApprovalRow): AboutAccount {
  if (account_id === null) throw new Error('an approval about an account names it');
  return { ...rest, account_id };
}
