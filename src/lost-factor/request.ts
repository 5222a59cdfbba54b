import { findAccount } from '../accounts/accounts.ts';
import { askApproval } from '../approvals/ask.ts';
import { requireOpenCase } from '../cases/open-case.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { heldProblem, passAlone } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { hasSecondFactor } from '../second-factors/factors.ts';
import { findStanding, findVerifiedCase } from '../verifications/standing.ts';

type Request = { accountId: string; note: string; caseId?: string | undefined; agentId: string; client: Client };
type Requested = { approvalId: string; effectiveAt: Date | null };

/**
 * Asks for the second factor of an owner who lost it and whose identity is verified to be taken away (ASVS 6.4.4, NIST
 * 800-63B-4 4.2.2.2). A freeze does not stop it, as it stops no recovery. Without a case, the one in which identity is
 * verified. Throws `not-found`, `account-held`, `invalid-request`, `step-not-ready`, `no-second-factor`, `approval-open`.
 */
export async function requestFactorReset(ctx: Context, request: Request): Promise<Requested> {
  const { accountId, note: reason, agentId, client } = request;
  await findAccount(ctx, accountId);
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const passage = await passAlone(trx, accountId, 'recover', now);
    if (!passage) throw new Problem('not-found');
    if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
    if (request.caseId !== undefined) await requireOpenCase(trx, accountId, request.caseId);
    const caseId = request.caseId ?? (await findVerifiedCase(trx, accountId));
    const isVerified = caseId !== undefined && (await findStanding(trx, caseId)).level === 'verified';
    if (!isVerified) throw new Problem('step-not-ready', { members: { missing: ['identity-verified'] } });
    if (!(await hasSecondFactor(trx, accountId))) throw new Problem('no-second-factor');
    const wish = { kind: 'second-factor-reset', accountId, caseId, reason, agentId, client } as const;
    const { id, effective_at: effectiveAt } = await askApproval(trx, ctx, wish, now);
    return { approvalId: id, effectiveAt };
  });
}
