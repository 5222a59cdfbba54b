import { hash, randomBytes } from 'node:crypto';
import { readIdentifier } from '../accounts/identifiers.ts';
import { openOrJoinCase } from '../cases/open-case.ts';
import { respondBy } from '../cases/promises.ts';
import { caseReference } from '../cases/rules.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { pass } from '../holds/gate.ts';
import { answerOnBeat } from '../sign-in/beat.ts';
import * as queries from './queries.ts';

type ReportRow = queries.ReportRow;
type Said = {
  identifier: string;
  kind: ReportRow['kind'];
  message: string;
  contact: string;
  channel?: ReportRow['channel'] | undefined;
};
type Acknowledged = { reference: string; receipt: string; respondBy: Date };

/**
 * Takes what anybody says of an account, at any hour, whatever stands on it. It places no hold, opens nothing above
 * `normal`, and is nobody's word until the owner presses the link in the mail it causes. The answer and its time are the
 * same for an identifier that nobody has, of which nothing is kept (ASVS 6.3.8): both say only what was said, and when.
 */
export async function reportAnonymously(ctx: Context, said: Said, client: Client): Promise<Acknowledged> {
  const now = ctx.clock.now();
  const reference = caseReference(randomBytes(8));
  const promised = respondBy(ctx.policy, 'normal', now);
  const receipt = ctx.signer.signReceipt(
    {
      event: 'reported',
      isConfirmed: false,
      kind: said.kind,
      report: reference,
      about: digest(readIdentifier(said.identifier)),
      message: digest(said.message),
      at: now.toISOString(),
      respondBy: promised.toISOString(),
    },
    now,
  );
  // Last, so that nothing but the beat stands between it and the answer.
  await answerOnBeat(ctx, () => keep(ctx, { ...said, reference }, client, now));
  return { reference, receipt, respondBy: promised };
}

/** What the reporter can show that they said, without the receipt telling it to others: SHA-256, base64url. */
function digest(text: string): string {
  return hash('sha256', text, 'base64url');
}

async function keep(ctx: Context, said: Said & { reference: string }, client: Client, now: Date): Promise<void> {
  const accountId = await queries.findReported(ctx.urgentDb, readIdentifier(said.identifier), now);
  if (accountId === undefined || !(await isWithinCap(ctx, accountId))) return;
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await queries.queueReports(trx, accountId);
    if (!(await pass(trx, accountId, 'case-access', now))) return;
    const actor = { kind: 'anonymous' } as const;
    const opening = { accountId, kind: said.kind, priority: 'normal', actor, client } as const;
    const caseId = (await queries.findOpenCaseId(trx, accountId)) ?? (await openOrJoinCase(trx, ctx, opening, now)).id;
    const id = newId(now);
    const { kind, message, contact, channel, reference } = said;
    await queries.insertReport(trx, {
      ...{ id, account_id: accountId, case_id: caseId, reference, kind, message, contact },
      channel: channel ?? null,
      received_at: now,
    });
    // The mail names the report as its reporter knows it: the owner can tell theirs from a stranger's.
    const payload = { subjectId: id, caseReference: reference };
    await record(
      trx,
      { type: 'report.received', actor, accountId, caseId, client, detail: { reportId: id, kind }, payload },
      now,
    );
  });
}

/** Past it nothing is kept and no mail sent: a stranger must fill neither the queue nor the owner's mailbox. */
async function isWithinCap(ctx: Context, accountId: string): Promise<boolean> {
  try {
    return await ctx.limits.take('anonymous-report', accountId);
  } catch {
    // A report is heard also where nothing can count it.
    return true;
  }
}

type Progress = { kind: string; receivedAt: string; respondBy: string; status: 'received' | 'due' };

/**
 * What a receipt of ours says, and whether its promise has come due. It is read from the receipt alone, so that it tells
 * nobody whether there is such an account; more sees who signs in or presses the mailed link. Undefined for one that is not
 * ours or of another reference.
 */
export async function readProgress(
  ctx: Context,
  { reference, receipt }: { reference: string; receipt: string },
): Promise<Progress | undefined> {
  const claims = await ctx.signer.verifyReceipt(receipt);
  if (claims?.['event'] !== 'reported' || claims['report'] !== reference) return undefined;
  const { kind, at, respondBy: promised } = claims as Record<string, string>;
  if (kind === undefined || at === undefined || promised === undefined) return undefined;
  const status = ctx.clock.now() < new Date(promised) ? 'received' : 'due';
  return { kind, receivedAt: at, respondBy: promised, status };
}
