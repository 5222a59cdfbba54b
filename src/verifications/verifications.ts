import { findCase } from '../cases/cases.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { pass } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { listFactorBirths } from '../second-factors/factors.ts';
import { isBornInside } from '../windows/rules.ts';
import { findWindow } from '../windows/windows.ts';
import * as queries from './queries.ts';
import { doubtedSince, type VerificationKind, weigh } from './rules.ts';
import { findStanding, type Standing } from './standing.ts';

type Shown = { kind: VerificationKind; note: string };

/**
 * Records what an agent saw that proves who they talk to; answers how far it reaches now (ASVS 6.4.4). Throws `not-found`,
 * `case-closed`, and `invalid-request` for a factor older than the compromise where the account has none.
 */
export async function recordVerification(
  ctx: Context,
  caseId: string,
  { kind, note }: Shown,
  agentId: string,
  client: Client,
): Promise<Standing> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await findCase(trx, caseId);
    if (!theCase || !(await pass(trx, theCase.account_id, 'case-access', now))) throw new Problem('not-found');
    if (theCase.closed_at) throw new Problem('case-closed');
    const { account_id: accountId } = theCase;
    if (kind === 'older-factor') {
      const window = (await findWindow(trx, caseId)) ?? doubtedSince(theCase.opened_at);
      const births = await listFactorBirths(trx, accountId);
      if (births.every((bornAt) => isBornInside(window, bornAt))) throw noOlderFactor(window.from);
    }
    const { id } = await queries.insertVerification(trx, {
      ...{ id: newId(now), case_id: caseId, kind, note },
      ...weigh(ctx.policy, kind),
      ...{ agent_id: agentId, verified_at: now },
    });
    const standing = await findStanding(trx, caseId);
    const actor = { kind: 'agent', id: agentId } as const;
    const detail = { verificationId: id, kind, level: standing.level };
    await record(trx, { type: 'verification.recorded', actor, accountId, caseId, client, detail }, now);
    return standing;
  });
}

function noOlderFactor(than: Date): Problem {
  const detail = `the account has no factor from before ${than.toISOString()}`;
  return new Problem('invalid-request', { errors: [{ pointer: '/kind', detail }] });
}
