import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { proofOf } from '../second-factors/proof.ts';
import { requireOwner } from '../sessions/guards.ts';
import { changeRefusals, freshHolder, holderOf } from '../sessions/holder.ts';
import { describeContacts } from './contacts.ts';
import { confirmEmailChange, requestEmailChange } from './email-change.ts';
import { confirmPhoneChange, requestPhoneChange } from './phone-change.ts';
import { changeUsername } from './username-change.ts';

const security = [{ owner: [] }];
const kind = z.enum(['email', 'username', 'phone']);
const Contacts = z
  .object({
    email: z.string(),
    username: z.string().nullable(),
    phone: z.string().nullable(),
    phoneConfirmed: z.boolean(),
    canChangePhone: z.boolean().openapi({ description: 'Whether this installation can send texts' }),
    offersTexts: z.boolean().openapi({ description: 'Whether it takes texted codes as a second factor' }),
    waiting: z.array(z.object({ kind, to: z.string(), expiresAt: schemas.instant })),
    recent: z
      .array(
        z.object({
          kind,
          from: z.string().nullable(),
          to: z.string(),
          changedAt: schemas.instant,
          undoUntil: schemas.instant,
        }),
      )
      .openapi({ description: 'Changes that the links sent to the old ones can still undo' }),
    noticeAddresses: z.array(schemas.noticeAddress),
  })
  .openapi('Contacts');

export function contactRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/contacts',
        tags: ['Owner'],
        operationId: 'getContacts',
        security,
        summary: 'What the account signs in with, where it is told, and which changes wait or can still be undone.',
        middleware: [requireOwner(ctx)] as const,
        responses: { 200: answer('The contacts', Contacts), ...refusals('unauthorized') },
      }),
      async (c) => c.json(await describeContacts(ctx, c.var.session.account_id), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/email-change',
        tags: ['Owner'],
        operationId: 'requestEmailChange',
        security,
        summary:
          'Mails a confirmation to another address and tells every address on file; one answer, whoever has it (ASVS 6.3.8). Needs a fresh sign-in, and a code where a second factor is enrolled (ASVS 7.5.1).',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ newEmail: schemas.email, ...schemas.proof })),
        responses: { 202: answer('Accepted', z.object({})), ...refusals(...changeRefusals) },
      }),
      async (c) => {
        const { newEmail, ...proof } = c.req.valid('json');
        await requestEmailChange(ctx, freshHolder(c.var), newEmail, proofOf(proof));
        return c.json({}, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/email-change/confirm',
        tags: ['Owner'],
        operationId: 'confirmEmailChange',
        security,
        summary:
          'Puts the new address into force with the token mailed to it, once. Other sessions end, withdrawals wait; the old address can undo it for the undo window (ASVS 6.3.7).',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ token: schemas.token })),
        responses: {
          204: nothing,
          ...refusals('unauthorized', 'invalid-token', 'account-held', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        await confirmEmailChange(ctx, holderOf(c.var), c.req.valid('json').token);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/phone-change',
        tags: ['Owner'],
        operationId: 'requestPhoneChange',
        security,
        summary:
          'Texts a code to another number and tells every address on file. Conditions as for another address; `not-found` where no texts can be sent.',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ newPhone: schemas.phone, ...schemas.proof })),
        responses: { 202: answer('Accepted', z.object({})), ...refusals('not-found', ...changeRefusals) },
      }),
      async (c) => {
        const { newPhone, ...proof } = c.req.valid('json');
        await requestPhoneChange(ctx, freshHolder(c.var), newPhone, proofOf(proof));
        return c.json({}, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/phone-change/confirm',
        tags: ['Owner'],
        operationId: 'confirmPhoneChange',
        security,
        summary:
          'Puts the new number into force with the code texted to it; from then on it signs in. The fifth wrong code ends the change (ASVS 6.6.3).',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ code: z.string().regex(/^\d{6}$/, 'must be six digits') })),
        responses: {
          204: nothing,
          ...refusals('unauthorized', 'invalid-code', 'account-held', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        await confirmPhoneChange(ctx, holderOf(c.var), c.req.valid('json').code);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'put',
        path: '/username',
        tags: ['Owner'],
        operationId: 'changeUsername',
        security,
        summary:
          'Another name to sign in with, at once. Conditions as for another address; the old name stays reserved.',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ username: schemas.username, ...schemas.proof })),
        responses: { 204: nothing, ...refusals('account-exists', ...changeRefusals) },
      }),
      async (c) => {
        const { username, ...proof } = c.req.valid('json');
        await changeUsername(ctx, freshHolder(c.var), username, proofOf(proof));
        return c.body(null, 204);
      },
    );
}
