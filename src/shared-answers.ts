import { type ProblemCode, problems } from './problem.ts';
import { demandOf } from './sessions/demands.ts';

type Operation = {
  description?: string;
  security?: object[];
  requestBody?: object;
  parameters?: object[];
  responses: Record<string, { description: string; headers?: object }>;
};
export type Paths = Record<string, Record<string, Operation>>;

/** What the code around every handler can answer, so that no route has to say it again. */
export function declareShared(paths: Paths): void {
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      declare(operation, ['busy']);
      if (operation.security?.some((scheme) => 'owner' in scheme))
        declareDemand(operation, `${method.toUpperCase()} ${path}`);
      if (operation.security?.some(isCounted) && !/\/(freeze|holds|sign-out)$/.test(path))
        declare(operation, ['too-many-requests']);
      if (operation.requestBody) declare(operation, ['malformed-json', 'body-too-large', 'unsupported-media-type']);
      if (method !== 'post' || !/^\/v1\/(server|agent\/(?!auth\/))/.test(path)) continue;
      declare(operation, ['idempotency-key-in-flight', 'idempotency-key-reused']);
      operation.parameters = [...(operation.parameters ?? []), idempotencyKey];
    }
  }
}

/** Whose requests are counted by the guard before them. */
const isCounted = (scheme: object) => 'apiKey' in scheme || 'agent' in scheme;

/** What the guard before an owner's operation asks of the session, from the very table it asks (RFC 9470). */
function declareDemand(operation: Operation, name: string): void {
  const demand = demandOf(name);
  if (demand === 'live') return;
  operation.description = demandTexts[demand];
  declare(operation, ['insufficient-authentication']);
  const refusal = operation.responses[problems['insufficient-authentication']];
  if (refusal) refusal.headers = { 'WWW-Authenticate': challengeHeader };
}

const demandTexts = {
  active: 'After a pause of `session.sensitiveIdle` the session must step up first.',
  fresh:
    'The session must have authenticated within `session.fresh`, at `aal2` where a second factor is bound, and not have paused for `session.sensitiveIdle` since.',
  'fresh-unless-own':
    'As a change, the session must have authenticated within `session.fresh`, at `aal2` where a second factor is bound. Its own end asks for nothing.',
};

const challengeHeader = {
  description:
    'With `insufficient-authentication`: `Bearer error="insufficient_user_authentication"`, with `error_description`, `acr_values` and `max_age` (RFC 9470 section 3)',
  schema: { type: 'string' },
};

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key and body have the same answer and one effect, for 24 hours',
  schema: { type: 'string', maxLength: 255 },
};

function declare({ responses }: Operation, codes: ProblemCode[]): void {
  for (const code of codes) {
    const declared = responses[problems[code]];
    const description = [...(declared?.description.split(', ') ?? []), `\`${code}\``];
    responses[problems[code]] = {
      ...{ content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
      description: [...new Set(description)].join(', '),
    };
  }
}
