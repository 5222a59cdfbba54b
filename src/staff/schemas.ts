import { z } from '@hono/zod-openapi';
import { roles } from '../agents/rules.ts';
import * as schemas from '../schemas.ts';
import type { Agent, Change } from './list.ts';
import { changeKinds, endReasons, statuses } from './rules.ts';

export const role = z.enum(roles);

export const ChangeView = z
  .object({
    id: z.uuid(),
    kind: z.enum(changeKinds),
    status: z.enum(statuses),
    agentId: z.uuid().nullable().openapi({ description: 'Of somebody to be made: once they are' }),
    email: z.string(),
    name: z.string().nullable().openapi({ description: 'Of somebody to be made' }),
    role: role.nullable().openapi({ description: 'The one they are to have' }),
    requestedBy: z.uuid(),
    requestedAt: schemas.instant,
    reason: z.string(),
    expiresAt: schemas.instant,
    decidedBy: z.uuid().nullable(),
    decidedAt: schemas.instant.nullable(),
    decisionNote: z.string().nullable(),
    effectiveAt: schemas.instant.nullable(),
    executedAt: schemas.instant.nullable(),
    endedAt: schemas.instant.nullable(),
    endReason: z.enum(endReasons).nullable(),
    endedBy: z.uuid().nullable(),
    endNote: z.string().nullable(),
  })
  .openapi('StaffChange', { description: 'What one admin wants changed about an agent and another one must agree to' });

export const AgentView = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    role,
    locale: schemas.locale,
    createdAt: schemas.instant,
    createdBy: z.uuid().nullable().openapi({ description: 'Null for the command line' }),
    disabledAt: schemas.instant.nullable(),
    enrolled: z.boolean().openapi({ description: 'Whether they have a password and an authenticator' }),
    lockedUntil: schemas.instant
      .nullable()
      .openapi({ description: 'By wrong guesses, from some addresses or from all' }),
    lastSeenAt: schemas.instant.nullable(),
  })
  .openapi('StaffAgent', { description: 'Somebody who works here, as an admin sees them' });

const instant = (at: Date | null) => at?.toISOString() ?? null;

export function showChange(row: Change): z.infer<typeof ChangeView> {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    agentId: row.agent_id,
    email: row.agent_email,
    name: row.name,
    role: row.role,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at.toISOString(),
    reason: row.reason,
    expiresAt: row.expires_at.toISOString(),
    decidedBy: row.decided_by,
    decidedAt: instant(row.decided_at),
    decisionNote: row.decision_note,
    effectiveAt: instant(row.effective_at),
    executedAt: instant(row.executed_at),
    endedAt: instant(row.ended_at),
    endReason: row.end_reason,
    endedBy: row.ended_by,
    endNote: row.end_note,
  };
}

export function showAgent(row: Agent): z.infer<typeof AgentView> {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    locale: row.locale,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    disabledAt: instant(row.disabled_at),
    enrolled: row.password_hash !== null,
    lockedUntil: instant(row.locked_until),
    lastSeenAt: instant(row.seen_at),
  };
}
