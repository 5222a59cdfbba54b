import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { openapiDocument } from '../../src/app.ts';
import { type Answer, type Harness, newAgent } from './harness.ts';
import { newOpened } from './recovery-tries.ts';
import { hostKey, newSignedIn } from './seed.ts';

export type Schema = {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
};
type Content = { content?: Record<string, { schema: Schema }> };
export type Operation = {
  method: string;
  path: string;
  parameters: { name: string; in: 'path' | 'query' | 'header'; schema: Schema }[];
  body: Schema | undefined;
  security: string[];
  responses: Record<string, Content>;
};

type Raw = {
  parameters?: Operation['parameters'];
  requestBody?: Content;
  security?: Record<string, unknown>[];
  responses: Record<string, Content>;
};
const document = openapiDocument() as { paths: Record<string, Record<string, Raw>>; components: object };

/** Every operation of the contract as the routes declare it. */
export const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, raw]) => ({
    method: method.toUpperCase(),
    path,
    parameters: raw.parameters ?? [],
    body: raw.requestBody?.content?.['application/json']?.schema,
    security: (raw.security ?? []).flatMap((each) => Object.keys(each)),
    responses: raw.responses,
  })),
);
export const nameOf = ({ method, path }: Operation) => `${method} ${path}`;

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addFormat('uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
for (const name of ['uri', 'password', 'email', 'ipv4', 'ipv6']) ajv.addFormat(name, true);
const compiled = new Map<Schema, ValidateFunction>();

function validatorOf(schema: Schema): ValidateFunction {
  const known = compiled.get(schema) ?? ajv.compile({ ...schema, components: document.components });
  compiled.set(schema, known);
  return known;
}

/** The schema behind a reference into the document. */
export function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const steps = schema.$ref.replace('#/', '').split('/');
  return steps.reduce((at, step) => (at as Record<string, object>)[step] as object, document as object) as Schema;
}

/** The answer has a declared status, and a body of the declared shape and type. */
export function expectDeclared(operation: Operation, answer: Answer, what = ''): void {
  const at = `${nameOf(operation)} ${what} → ${answer.status} ${answer.text.slice(0, 200)}`;
  expect(answer.status, at).toBeLessThan(500);
  const declared = operation.responses[String(answer.status)];
  expect(declared, `${at}: not declared`).toBeDefined();
  const [type, schema] = Object.entries(declared?.content ?? {})[0] ?? [];
  if (type === undefined || schema === undefined) {
    expect(answer.text, at).toBe('');
    return;
  }
  expect(answer.headers.get('content-type')?.split(';')[0], at).toBe(type);
  if (type === 'text/event-stream') return;
  expect(type, at).toBe(answer.status >= 400 ? 'application/problem+json' : 'application/json');
  const validate = validatorOf(schema.schema);
  expect(validate(answer.body) ? [] : validate.errors, at).toEqual([]);
  if (answer.status < 400) return;
  expect(answer.body.status, at).toBe(answer.status);
  expect(answer.body.type, at).toMatch(new RegExp(`^https?://.+/problems/${answer.body.code}$`));
  expect(answer.body.requestId, at).toBe(answer.headers.get('x-request-id'));
}

export type Caller = { token: string | undefined; accountId: string; email: string };

/** Somebody who may call this operation. */
export async function newCaller(h: Harness, { path, security }: Operation): Promise<Caller> {
  const { accessToken, accountId, email } = await newSignedIn(h);
  const tokens: Record<string, () => Promise<string>> = {
    owner: async () => accessToken,
    apiKey: () => hostKey(h),
    agent: async () => (await newAgent(h, 'admin')).accessToken,
    recoveryToken: async () => (await newOpened(h, await newAgent(h))).token,
  };
  const token = await tokens[security[0] ?? '']?.();
  expect(token === undefined, path).toBe(security.length === 0);
  return { token, accountId, email };
}

/** Every row of every table, but for the rates, which count refusals too, and what moves by itself. */
export async function fingerprint(h: Harness): Promise<Record<string, string>> {
  const { rows } = await h.pool.query<{ name: string }>(
    `select tablename as name from pg_tables
     where schemaname = 'public' and tablename not in ('rate_limits', 'rule_cursor', 'seals') order by 1`,
  );
  const print = "concat_ws(' ', count(*), sum(hashtextextended(t::text, 0)))";
  const ofOne = ({ name }: { name: string }) => `select '${name}' as name, ${print} as print from ${name} t`;
  const printed = await h.pool.query(rows.map(ofOne).join(' union all '));
  return Object.fromEntries(printed.rows.map(({ name, print }) => [name, print]));
}
