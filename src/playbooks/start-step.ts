import { findAccount } from '../accounts/accounts.ts';
import { writeWithin } from '../case-work/speak.ts';
import { agentActor, type Worker } from '../case-work/work.ts';
import { lockOpenCase } from '../cases/cases.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { freeze } from '../holds/freeze.ts';
import { text } from '../languages/languages.ts';
import { requirePasswordReset } from '../passwords/require-reset.ts';
import { Problem } from '../problem.ts';
import { findMissing, listEndlessHolds } from './playbook.ts';
import type { Step } from './rules.ts';

type Asked = 'reported' | 'transactions-reviewed' | 'identity-verified' | 'factor-bound';
/** What starting a step does: freezes, asks the owner, takes the password; or which call it waits for. */
type Start = { does: 'freeze' | 'password-reset' } | { does: 'ask'; about: Asked } | { does: 'nothing' };

/** The one table of what starting each step does. Where a step needs what only its own call can take, `next` names it. */
// biome-ignore format: a table reads as one
const starts: Record<Step, Start & { next?: string }> = {
  'contained':             { does: 'freeze' },
  'reported':              { does: 'ask', about: 'reported',              next: 'POST /v1/agent/cases/{id}/contacts' },
  'window-set':            { does: 'nothing',                             next: 'POST /v1/agent/cases/{id}/window' },
  'credentials-reset':     { does: 'password-reset',                      next: 'POST /v1/agent/cases/{id}/recovery-link' },
  'transactions-reviewed': { does: 'ask', about: 'transactions-reviewed' },
  'identity-verified':     { does: 'ask', about: 'identity-verified',     next: 'POST /v1/agent/cases/{id}/verifications' },
  'factor-bound':          { does: 'ask', about: 'factor-bound' },
  'restored':              { does: 'nothing',                             next: 'POST /v1/agent/holds/{holdId}/release' },
  'watched':               { does: 'nothing' },
  'closed':                { does: 'nothing',                             next: 'POST /v1/agent/cases/{id}/resolve' },
};

type Started = { started: 'freeze' | 'password-reset' | 'message' | null; next: string | null };

/**
 * Starts what a step is about; whether it is done the facts alone say. Throws `not-found`, `case-closed`, and
 * `step-not-ready` with what is `missing` before it.
 */
export async function startStep(ctx: Context, worker: Worker, step: Step, note: string): Promise<Started> {
  const now = ctx.clock.now();
  const { caseId, agentId, client } = worker;
  const accountId = await begin(ctx, worker, step, now);
  const { next, ...start } = starts[step];
  const call = next === undefined ? null : await fillIn(ctx, next, caseId, now);
  if (start.does === 'freeze') {
    const actor = agentActor(agentId);
    await freeze(ctx, {
      accountId,
      caseId,
      scope: 'all',
      reasonCode: 'account-takeover',
      source: 'agent',
      actor,
      note,
      client,
    });
    return { started: 'freeze', next: call };
  }
  if (start.does === 'password-reset') {
    await requirePasswordReset(ctx, accountId, { note, caseId }, agentId, client);
    return { started: 'password-reset', next: call };
  }
  if (start.does === 'ask') await ask(ctx, worker, start.about, now);
  return { started: start.does === 'ask' ? 'message' : null, next: call };
}

async function begin(ctx: Context, { caseId, agentId, client }: Worker, step: Step, now: Date): Promise<string> {
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await lockOpenCase(trx, caseId);
    const missing = await findMissing(trx, theCase, step, now);
    if (missing.length > 0) throw new Problem('step-not-ready', { members: { missing } });
    const event = { type: 'case.step-started', actor: agentActor(agentId), accountId: theCase.account_id } as const;
    await record(trx, { ...event, caseId, client, detail: { step } }, now);
    return theCase.account_id;
  });
}

/** In the owner's language. */
async function ask(ctx: Context, worker: Worker, about: Asked, now: Date): Promise<void> {
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await lockOpenCase(trx, worker.caseId);
    const { locale } = await findAccount(ctx, theCase.account_id);
    await writeWithin(trx, theCase, worker, text(locale, `case.ask.${about}`), now);
  });
}

async function fillIn(ctx: Context, call: string, caseId: string, now: Date): Promise<string> {
  const holds = await listEndlessHolds(ctx.urgentDb, caseId, now);
  const freezing = holds.find(({ scope }) => scope === 'all') ?? holds[0];
  return call.replace('{id}', caseId).replace('{holdId}', freezing?.id ?? '{holdId}');
}
