import { createHash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { showEntry, showWhole, TimelineItem, WholeCase } from '../case-work/schemas.ts';
import * as schemas from '../schemas.ts';
import type { Bundle } from './bundle.ts';

const row = z.record(z.string(), z.unknown());

export const BundleView = z
  .object({
    generatedAt: schemas.instant,
    generatedBy: z.uuid(),
    account: z.object(schemas.accountFields),
    case: WholeCase,
    timeline: z.array(TimelineItem),
    transactions: z.array(row),
    liability: z
      .array(row)
      .openapi({ description: 'Per disowned transaction what decides who bears the loss (PSD2 72, 74)' }),
    holds: z.array(row),
    receipts: z.array(z.object({ jws: z.string(), issuedAt: schemas.instant })),
    evidence: z.array(row).openapi({ description: 'With the SHA-256 of each; without the bytes' }),
  })
  .openapi('CaseBundle');

export function showBundle(bundle: Bundle) {
  const { generatedAt, generatedBy, account, whole, timeline, liability } = bundle;
  return {
    generatedAt: generatedAt.toISOString(),
    generatedBy,
    account,
    case: showWhole(whole, generatedAt),
    timeline: timeline.map(showEntry),
    transactions: bundle.transactions.map(inJson),
    liability: liability.map(({ transaction_id, reported_at, occurred_at, ...rest }) =>
      inJson({
        transactionId: transaction_id,
        occurredAt: occurred_at,
        reportedAt: reported_at,
        amount: rest.amount,
        currency: rest.currency,
        proven: rest.is_proven,
        outcome: rest.outcome,
        outcomeAt: rest.outcome_at,
        factor: rest.factor,
        sessionAmr: rest.session_amr,
        deviceId: rest.device_id,
        deviceSince: rest.device_since,
      }),
    ),
    holds: bundle.holds.map(inJson),
    receipts: bundle.receipts.map(({ jws, issuedAt }) => ({ jws, issuedAt: issuedAt.toISOString() })),
    evidence: bundle.evidence.map(({ sha256, added_by, added_at, media_type, case_id: _, ...rest }) =>
      inJson({ ...rest, mediaType: media_type, sha256: sha256.toString('hex'), by: added_by, at: added_at }),
    ),
  };
}

function inJson(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}

/** Of an inline style: the page may have this one and no other. */
export function styleHash(style: string): string {
  return `'sha256-${createHash('sha256').update(style).digest('base64')}'`;
}
