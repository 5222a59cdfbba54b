import { z } from '@hono/zod-openapi';
import { roles } from '../agents/rules.ts';
import { showWish, wishFields } from '../approvals/schemas.ts';
import * as schemas from '../schemas.ts';
import { written } from '../time.ts';
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
    ...wishFields,
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

export function showChange(row: Change): z.infer<typeof ChangeView> {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    agentId: row.agent_id,
    email: row.agent_email,
    name: row.name,
    role: row.role,
    ...showWish(row),
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
    disabledAt: written(row.disabled_at),
    enrolled: row.password_hash !== null,
    lockedUntil: written(row.locked_until),
    lastSeenAt: written(row.seen_at),
  };
}
