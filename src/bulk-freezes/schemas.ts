import { isIP } from 'node:net';
import { z } from '@hono/zod-openapi';
import { maskEmail } from '../accounts/accounts.ts';
import * as schemas from '../schemas.ts';
import { written } from '../time.ts';
import { statuses, type Told, type Whole } from './read.ts';
import { bulkReasons, isFilterEmpty } from './rules.ts';

/** What is asked for and shown of bulk freezes. */

const network = z
  .string()
  .max(49)
  .refine((value) => {
    const [address = '', bits, rest] = value.split('/');
    const family = address.includes('%') ? 0 : isIP(address);
    const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
    return family !== 0 && rest === undefined && isLength;
  }, 'must be an address or a network such as 203.0.113.0/24');

const Filter = z
  .strictObject({
    deviceId: z.uuid().optional().openapi({ description: 'By which they signed in or paid' }),
    ip: network.optional().openapi({ description: 'An address, or a network in CIDR form' }),
    payeeId: z.string().min(1).max(200).optional(),
    caseId: z.uuid().optional().openapi({
      description: 'Its account, and whoever shares an address, a payee or a device with it',
    }),
  })
  .refine((filter) => !isFilterEmpty(filter), 'must say what they have in common')
  .openapi('BulkFreezeFilter', { description: 'What happened in 90 days; an account must fit each part' });

export const BulkFreezeBody = z
  .strictObject({
    accountIds: z.array(z.uuid()).min(1).optional(),
    filter: Filter.optional(),
    reasonCode: z.enum(bulkReasons),
    note: schemas.note,
    dryRun: z.boolean().default(false),
  })
  .refine(({ accountIds, filter }) => (accountIds === undefined) !== (filter === undefined), {
    message: 'must be given alone: either this or `filter`',
    path: ['accountIds'],
  });

const listed = {
  jobId: z.uuid(),
  status: z.enum(statuses),
  total: z.int().openapi({ description: 'How many accounts were asked for' }),
  reasonCode: z.enum(bulkReasons),
  note: z.string(),
  filter: z.record(z.string(), z.unknown()).nullable(),
  dryRun: z.boolean(),
  requestedBy: z.uuid(),
  requestedAt: schemas.instant,
  approvalId: z.uuid().optional().openapi({ description: 'Where a second person decides' }),
  undoApprovalId: z.uuid().optional(),
  caseId: z.uuid().nullable().openapi({ description: 'The one case of them all, once it began' }),
  startedAt: schemas.instant.nullable(),
  finishedAt: schemas.instant.nullable(),
  undoStartedAt: schemas.instant.nullable(),
  undoneAt: schemas.instant.nullable(),
};
export const BulkFreeze = z.object(listed).openapi('BulkFreeze');

export const WholeBulkFreeze = z
  .object({
    ...listed,
    caseReference: z.string().nullable(),
    progress: z.object({
      frozen: z.int(),
      heldBefore: z.int().openapi({ description: 'Of those frozen, which were so before: an undo leaves them' }),
      failed: z.int(),
      waiting: z.int(),
      undone: z.int(),
      notUndone: z.int(),
    }),
    sample: z
      .array(z.object({ id: z.uuid(), email: z.string(), username: z.string().nullable() }))
      .openapi({ description: 'Up to 20 of the accounts, masked' }),
    failures: z
      .array(
        z.object({
          accountId: z.uuid(),
          what: z.enum(['freeze', 'undo']),
          reason: z.enum(['not-found', 'closed', 'error', 'owner-reported', 'released-before', 'not-ours']),
        }),
      )
      .openapi({ description: 'Up to 100 that could not be frozen, or not be let go' }),
  })
  .openapi('WholeBulkFreeze');

export function showBulkFreeze({ row, status, approval, undoApproval }: Told): z.infer<typeof BulkFreeze> {
  return {
    ...{ jobId: row.id, status, total: row.total },
    ...{ reasonCode: row.reason_code, note: row.note, filter: row.filter as Record<string, unknown> | null },
    dryRun: row.is_dry_run,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at.toISOString(),
    ...(approval ? { approvalId: approval.id } : {}),
    ...(undoApproval ? { undoApprovalId: undoApproval.id } : {}),
    caseId: row.case_id,
    startedAt: written(row.started_at),
    finishedAt: written(row.finished_at),
    undoStartedAt: written(row.undo_started_at),
    undoneAt: written(row.undone_at),
  };
}

export function showWholeBulkFreeze(whole: Whole): z.infer<typeof WholeBulkFreeze> {
  return {
    ...showBulkFreeze(whole),
    caseReference: whole.reference ?? null,
    progress: whole.progress,
    sample: whole.sample.map(({ id, email, username }) => ({ id, email: maskEmail(email), username })),
    failures: whole.failed.map(({ account_id: accountId, failure, undo_failure }) => ({
      accountId,
      what: failure ? ('freeze' as const) : ('undo' as const),
      reason: failure ?? undo_failure ?? 'error',
    })),
  };
}
