import { findCase } from '../cases/cases.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { heldProblem, passAlone } from '../holds/gate.ts';
import { voidLinks } from '../links/links.ts';
import { findMissing } from '../playbooks/playbook.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';

/**
 * Mails the owner, whose identity is verified, a link with which they set a new password and bind a new second factor while
 * the account stays frozen (ASVS 6.4.4, NIST 800-63B-4 4.2). It goes to a mailbox older than the compromise, or nowhere; the
 * newest alone is good. Throws `not-found`, `case-closed`, `account-held`, and `step-not-ready` with what is `missing`.
 */
export async function offerRecovery(ctx: Context, caseId: string, agentId: string, client: Client): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const asked = await findCase(trx, caseId);
    const passage = asked && (await passAlone(trx, asked.account_id, 'recover', now));
    const theCase = passage && (await findCase(trx, caseId));
    if (!theCase) throw new Problem('not-found');
    if (theCase.closed_at) throw new Problem('case-closed');
    if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
    const missing = await findMissing(trx, theCase, 'credentials-reset', now);
    if (missing.length > 0) throw new Problem('step-not-ready', { members: { missing } });
    const { account_id: accountId } = theCase;
    const id = newId(now);
    await voidLinks(trx, accountId, ['recovery'], now);
    await queries.replaceRecovery(trx, { id, caseId, accountId, agentId }, now);
    const actor = { kind: 'agent', id: agentId } as const;
    const event = { type: 'recovery.offered', actor, accountId, caseId, client, detail: { recoveryId: id } } as const;
    // The mail is not to name the agent's device as if it were the owner's.
    await record(trx, { ...event, payload: { device: '', ip: '', subjectId: id } }, now);
  });
}
