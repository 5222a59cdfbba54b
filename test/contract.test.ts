import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Caller,
  expectDeclared,
  fingerprint,
  nameOf,
  newCaller,
  type Operation,
  operations,
  resolve,
  type Schema,
} from './support/contract.ts';
import { type Answer, type Harness, openHarness } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const ID = '01900000-0000-7000-8000-000000000000';
const rows = operations.map((operation) => [nameOf(operation), operation] as const);

function send(
  { method, path }: Operation,
  caller: Caller,
  rest: { body?: unknown; query?: string; headers?: Record<string, string> } = {},
) {
  const filled = path.replace('{transactionId}', 'nowhere').replace(/\{\w+\}/g, caller.accountId);
  const { token } = caller;
  return h.call(method, `${filled}${rest.query ?? ''}`, {
    body: rest.body,
    token,
    ...(rest.headers && { headers: rest.headers }),
  });
}

/** The object schemas that a body may have, whichever of several. */
function shapesOf(schema: Schema): Schema[] {
  const { anyOf, oneOf, ...own } = resolve(schema);
  return [...(anyOf ?? []), ...(oneOf ?? [])].flatMap(shapesOf).concat(own.properties ? [own] : []);
}

const wrongs: Record<string, unknown> = {
  null: null,
  'an array': [],
  'an object': { a: 1 },
  'a number': 1e308,
  'a negative number': -1,
  'a boolean': false,
  'an empty string': '',
  'a huge string': 'x'.repeat(60_000),
  'a NUL': 'a\u0000b',
  'half a surrogate pair': 'a\ud800b',
};

/** Bodies that are wrong whatever the operation is. */
function* wrongBodies(schema: Schema): Generator<[string, unknown]> {
  for (const whole of [null, [], 'text', 1, true, [[]]])
    yield [`a whole ${JSON.stringify(whole)}`, JSON.stringify(whole)];
  yield ['an unknown key', { [`unknown${Math.PI}`]: 1 }];
  yield ['__proto__', '{"__proto__":{"isAdmin":true}}'];
  yield ['constructor', '{"constructor":{"prototype":{"isAdmin":true}}}'];
  for (const text of ['{', '{"a":}', "{'a':1}", '\u0000', '{"a":1}{', 'undefined', '[', '"'])
    yield [`the text ${text}`, text];
  yield ['deep nesting', `${'['.repeat(20_000)}${']'.repeat(20_000)}`];
  for (const shape of shapesOf(schema)) {
    for (const [name, property] of Object.entries(shape.properties ?? {})) {
      for (const [what, value] of Object.entries(wrongs)) {
        if (accepts(resolve(property), value)) continue;
        yield [`${what} as ${name}`, { [name]: value }];
      }
    }
  }
}

/** Whether a value of this kind could be meant by the property: then another test has it. */
function accepts({ type, enum: some, anyOf }: Schema, value: unknown): boolean {
  if (Array.isArray(type)) return type.some((one) => accepts({ type: one }, value));
  if (type === 'null') return value === null;
  if (anyOf) return anyOf.some((each) => accepts(resolve(each), value));
  if (some) return false;
  if (typeof value === 'string' && /[\0\ud800]/.test(value)) return false;
  if (type === 'string') return typeof value === 'string';
  if (type === 'array') return Array.isArray(value);
  if (type === 'boolean') return typeof value === 'boolean';
  return type === 'object'
    ? typeof value === 'object' && value !== null && !Array.isArray(value)
    : typeof value === 'number';
}

function expectRefused(operation: Operation, answer: Answer, what: string): void {
  expectDeclared(operation, answer, what);
  expect([400, 413, 415, 422], `${what}: ${answer.text}`).toContain(answer.status);
}

describe('V2.2.1 V8.2.3 input that is wrong', () => {
  it.each(rows.filter(([, { body }]) => body))('is refused by %s, and changes nothing', async (_name, operation) => {
    const caller = await newCaller(h, operation);
    await h.mails();
    const before = await fingerprint(h);
    for (const [what, body] of wrongBodies(operation.body as Schema)) {
      expectRefused(operation, await send(operation, caller, { body }), what);
    }
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expectRefused(operation, await send(operation, caller, { body: 'a=1', headers: form }), 'a form');
    const large = JSON.stringify({ a: 'x'.repeat(70_000) });
    for (const headers of [{}, { 'content-length': String(large.length) }]) {
      expectRefused(operation, await send(operation, caller, { body: large, headers }), 'too large');
    }
    expect(await fingerprint(h)).toEqual(before);
    expect(Object.prototype).not.toHaveProperty('isAdmin');
  });

  it.each(rows.filter(([, { parameters }]) => parameters.some((each) => each.in === 'query')))(
    'in the query is refused by %s',
    async (_name, operation) => {
      const caller = await newCaller(h, operation);
      await h.mails();
      const before = await fingerprint(h);
      for (const { name } of operation.parameters.filter((each) => each.in === 'query')) {
        const value = name === 'q' ? 'somebody' : '5';
        const required = operation.parameters.some((each) => each.name === 'q') && name !== 'q' ? 'q=somebody&' : '';
        for (const query of [
          `${name}=${value}&${name}=${value}`,
          `${name}=a%00b`,
          `${name}[]=1`,
          `${name}=`,
          `unknown=1`,
        ]) {
          const answer = await send(operation, caller, { query: `?${required}${query}` });
          expectDeclared(operation, answer, query);
          expect(answer.status, query).toBe(422);
        }
      }
      expect(await fingerprint(h)).toEqual(before);
    },
  );

  it.each(rows.filter(([, { parameters }]) => parameters.some((each) => each.in === 'path')))(
    'in the path is refused by %s',
    async (_name, operation) => {
      const caller = await newCaller(h, operation);
      await h.mails();
      const before = await fingerprint(h);
      for (const value of [
        '1',
        'a%00b',
        'external:%00',
        '%F0%9F%98%80',
        `${ID}%00`,
        '..%2f..%2f',
        '%',
        '%ff',
        "'--",
        'x'.repeat(300),
      ]) {
        const path = operation.path.replace(/\{\w+\}/, value);
        const answer = await h.call(operation.method, path, {
          token: caller.token,
          ...(operation.body && { body: {} }),
        });
        expectDeclared(operation, answer, value);
        expect([400, 404, 422], value).toContain(answer.status);
      }
      expect(await fingerprint(h)).toEqual(before);
    },
  );
});

describe('V7.2.1 a caller without the right token', () => {
  it.each(rows.filter(([, { security }]) => security.length > 0))('is refused by %s', async (_name, operation) => {
    const caller = await newCaller(h, operation);
    for (const token of [
      undefined,
      'nonsense-token',
      `${caller.token}x`,
      'hf_sk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    ]) {
      const answer = await send(operation, { ...caller, token }, operation.body ? { body: {} } : {});
      expectDeclared(operation, answer);
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthorized']);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });
});
