import type { Context } from '../context.ts';
import { readPlaybook, type StepState } from '../playbooks/playbook.ts';
import type { CaseRow } from './cases.ts';

/** How far a case is, as its owner may know. */
export async function readOwnPlaybook(ctx: Context, theCase: CaseRow): Promise<StepState[]> {
  return await readPlaybook(ctx.urgentDb, theCase, ctx.clock.now());
}
