import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context as HonoContext, MiddlewareHandler } from 'hono';
import { accepts } from 'hono/accepts';
import { routePath } from 'hono/route';
import type { ApiKey } from './api-keys/api-keys.ts';
import type { CaseHolder } from './cases/case-access.ts';
import type { Client } from './context.ts';
import { LiteralRouter } from './literal-router.ts';
import { Problem, type ProblemCode, problems } from './problem.ts';
import type { Recovery } from './recovery/change.ts';
import type { AgentSession, Session } from './sessions/check.ts';
import type { Demand } from './sessions/demands.ts';

/** What a request carries once the middleware before its handler has run. */
type Variables = {
  client: Client;
  /** Set behind `requireOwner`. */
  session: Session;
  /** What `requireOwner` demanded of it. */
  demand: Demand;
  /** Set behind `requireOwnerOrCase`: the session, or undefined for a case token. */
  speaker: { accountId: string; session: Session | undefined; opened: CaseHolder['opened'] | undefined };
  /** Set behind `requireRecovery`. */
  recovery: Recovery;
  agent: AgentSession;
  apiKey: ApiKey;
  /** Set behind `ahead`, which knows its type. */
  ahead: Promise<unknown>;
};
export type Env = {
  Variables: Variables;
  Bindings: {
    incoming?: { socket: { remoteAddress?: string | undefined } };
    outgoing?: { framed?: string[]; destroy?(): unknown };
  };
};
export type Router = OpenAPIHono<Env>;
export type Guard = MiddlewareHandler<Env>;

/** A feature's routes. Input that is not valid becomes `invalid-request` with a pointer to each fault. */
export function router(): Router {
  return new OpenAPIHono<Env>({
    router: new LiteralRouter(),
    defaultHook: (result) => {
      if (result.success) return;
      throw new Problem('invalid-request', { errors: result.error.issues.flatMap((issue) => pointersOf(issue)) });
    },
  });
}

type Issue = { code?: string; path: PropertyKey[]; message: string; keys?: string[] };

function pointersOf(issue: Issue): { pointer: string; detail: string }[] {
  const at = (path: PropertyKey[]) =>
    path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  if (issue.code !== 'unrecognized_keys') return [{ pointer: at(issue.path), detail: issue.message }];
  return (issue.keys ?? []).map((key) => ({ pointer: at([...issue.path, key]), detail: 'is not known here' }));
}

const problemSchema = z
  .object({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]),
    requestId: z.string(),
    detail: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
    acr_values: z.string().optional().openapi({ description: 'How strongly to authenticate anew (RFC 9470)' }),
    max_age: z.int().optional().openapi({ description: 'At most so many seconds ago (RFC 9470)' }),
  })
  .openapi('Problem', { description: 'RFC 9457' });

/** The `responses` entries of a route for the problems it can answer with, beside those any route can. */
export function refusals(...codes: ProblemCode[]) {
  const byStatus = Map.groupBy(
    new Set<ProblemCode>([...codes, 'invalid-request', 'internal-error']),
    (code) => problems[code],
  );
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: some.map((code) => `\`${code}\``).join(', '),
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  ) as Record<never, never>;
}

export function body<Schema extends z.ZodType>(schema: Schema) {
  return { body: { required: true, content: { 'application/json': { schema } } } } as const;
}

export function answer<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { 'application/json': { schema } } } as const;
}

/** The same answer in other forms, for those who ask by `Accept`. */
export function alsoAs<Answer extends { content: object }>(json: Answer, ...types: readonly string[]): Answer {
  const others = types.map((type) => [type, { schema: z.string() }]);
  return { ...json, content: { ...json.content, ...Object.fromEntries(others) } };
}

/** The form that `Accept` asks for; the first where it names none of them. */
export function pickType<Type extends string>(c: HonoContext<Env>, offered: readonly [Type, ...Type[]]): Type {
  return accepts(c, { header: 'Accept', supports: [...offered], default: offered[0] }) as Type;
}

export const nothing = { description: 'Done' } as const;

/** The bearer token of the request. Throws `unauthorized` when there is none. */
export function bearer(c: HonoContext<Env>): string {
  const header = c.req.header('authorization') ?? '';
  const token = header.startsWith('Bearer ') || /^bearer /i.test(header) ? header.slice('Bearer '.length) : undefined;
  if (!token) throw unauthorized();
  return token;
}

/**
 * Begins, before a route's guard, what its handler will look for: then it goes into the same query as what the guard looks
 * for. `of` gives it to the handler; of a caller whom the guard refuses nothing is said, whatever was found.
 */
export function ahead<Found>(look: (c: HonoContext<Env>) => Promise<Found>) {
  const behind = (guard: Guard): Guard => {
    return (c, next) => {
      const looking = look(c);
      looking.catch(() => undefined);
      c.set('ahead', looking);
      return guard(c, next);
    };
  };
  return { behind, of: (c: HonoContext<Env>) => c.get('ahead') as Promise<Found> };
}

/** Which operation of the contract is called, its path as OpenAPI writes it: `/v1/me/sessions/{id}`. */
export function operationOf(c: HonoContext<Env>): { method: string; path: string } {
  return { method: c.req.method, path: routePath(c).replace(/:(\w+)/g, '{$1}') };
}

/** 401 with the challenge that RFC 6750 asks for. */
export function unauthorized(): Problem {
  return new Problem('unauthorized', { headers: { 'www-authenticate': 'Bearer' } });
}

export const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(300).optional(),
});

/** Makes one page of a list that was asked for with one row more than fits. */
export function paged<Row, Item>(
  rows: Row[],
  limit: number,
  cursorOf: (row: Row) => string,
  show: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(show), nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}
