import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { proofOf } from '../second-factors/proof.ts';
import { requireOwner } from '../sessions/guards.ts';
import { changeRefusals, freshHolder, holderOf } from '../sessions/holder.ts';
import { addAddress, confirmAddress, listAddresses, removeAddress } from './notice-addresses.ts';

const security = [{ owner: [] }];

export function noticeAddressRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/notice-addresses',
        tags: ['Owner'],
        operationId: 'listNoticeAddresses',
        security,
        summary: 'Mailboxes that get every notice beside the address that signs in.',
        middleware: [requireOwner(ctx)] as const,
        responses: {
          200: answer(
            'The addresses',
            z.object({ items: z.array(schemas.noticeAddress), nextCursor: schemas.nextCursor }),
          ),
          ...refusals('unauthorized'),
        },
      }),
      async (c) => c.json({ items: await listAddresses(ctx, c.var.session.account_id), nextCursor: null }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/notice-addresses',
        tags: ['Owner'],
        operationId: 'addNoticeAddress',
        security,
        summary:
          'Adds one; a mail to it carries the confirmation. Needs a fresh sign-in, and a code where a second factor is enrolled (ASVS 7.5.1).',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ email: schemas.email, ...schemas.proof })),
        responses: {
          202: answer('The address, not confirmed yet', schemas.noticeAddress),
          ...refusals(...changeRefusals),
        },
      }),
      async (c) => {
        const { email, ...proof } = c.req.valid('json');
        return c.json(await addAddress(ctx, freshHolder(c.var), email, proofOf(proof)), 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/notice-addresses/confirm',
        tags: ['Owner'],
        operationId: 'confirmNoticeAddress',
        security,
        summary: 'Confirms one with the token mailed to it, once; every other address is told (ASVS 6.3.7).',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ token: schemas.token })),
        responses: {
          204: nothing,
          ...refusals('unauthorized', 'invalid-token', 'account-held', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        await confirmAddress(ctx, holderOf(c.var), c.req.valid('json').token);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/notice-addresses/{id}',
        tags: ['Owner'],
        operationId: 'removeNoticeAddress',
        security,
        summary: 'Removes one; for the undo window it gets every notice still. Conditions as for adding one.',
        middleware: [requireOwner(ctx)] as const,
        request: {
          params: z.object({ id: z.uuid() }),
          ...body(z.strictObject({ ...schemas.proof })),
        },
        responses: { 204: nothing, ...refusals('not-found', ...changeRefusals) },
      }),
      async (c) => {
        await removeAddress(ctx, freshHolder(c.var), c.req.valid('param').id, proofOf(c.req.valid('json')));
        return c.body(null, 204);
      },
    );
}
