import { z } from '@hono/zod-openapi';
import * as schemas from '../schemas.ts';
import type { SpineEvent } from './spine.ts';

/** An event as agents audit it. */
export const Event = z
  .object({
    id: z.uuid(),
    type: z.string(),
    at: schemas.instant,
    accountId: z.uuid().nullable(),
    actor: z.object({ kind: z.string(), id: z.uuid().nullable() }),
    sessionId: z.uuid().nullable(),
    deviceId: z.uuid().nullable(),
    caseId: z.uuid().nullable(),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    requestId: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .openapi('Event');

export function showEvent(row: SpineEvent) {
  return {
    id: row.id,
    type: row.type,
    at: row.at.toISOString(),
    accountId: row.account_id,
    actor: { kind: row.actor_kind, id: row.actor_id },
    sessionId: row.session_id,
    deviceId: row.device_id,
    caseId: row.case_id,
    ip: row.ip,
    userAgent: row.user_agent,
    requestId: row.request_id,
    detail: row.detail as Record<string, unknown>,
  };
}
