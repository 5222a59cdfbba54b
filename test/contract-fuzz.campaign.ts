import fc, { type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Caller,
  expectDeclared,
  nameOf,
  newCaller,
  type Operation,
  operations,
  resolve,
  type Schema,
} from './support/contract.ts';
import { type Answer, type Harness, openHarness, PASSWORD } from './support/harness.ts';

/** The same every time, so that a red run is somebody's change; another seed looks elsewhere. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 30);
/** Each of these costs a password hash. */
const RUNS_WITH_HASH = Math.ceil(RUNS / 4);
const hashing = [
  '/v1/auth/sign-up',
  '/v1/auth/sign-in',
  '/v1/auth/case-access',
  '/v1/auth/recovery/password',
  '/v1/server/accounts',
  '/v1/agent/auth/sign-in',
];

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerRecipient': 1000 } });
});
afterAll(() => h.close());

const nasty = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e\u200b',
  "' or 1=1 --",
  '%00',
  '{{7*7}}',
  '../../etc/passwd',
  'external:',
  '__proto__',
  'a\r\nb: c',
  '💥'.repeat(100),
  'x'.repeat(10_000),
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59-23:59',
  '-1',
  '1e400',
  '00000000-0000-0000-0000-000000000000',
  '4.999999999999999.------------------------------------',
  'fe80::1%eth0',
  '::ffff:1.2.3.4',
];
const garbage: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 53, [], {}, [[]], { a: null }, ...nasty),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Values that mean something in this installation, by the name of the field. */
function known(name: string, caller: Caller): Arbitrary<unknown> | undefined {
  const token = caller.token ?? 'hf_rt_nothing_that_was_ever_issued';
  const meanings: Record<string, unknown> = {
    accountId: caller.accountId,
    id: caller.accountId,
    identifier: caller.email,
    email: `new-${caller.email}`,
    password: PASSWORD,
    newPassword: PASSWORD,
    refreshToken: token,
    token,
    challenge: token,
    amount: '12.30',
    currency: 'EUR',
    q: caller.email,
    expiresAt: new Date(h.clock.now().getTime() + 60_000).toISOString(),
    occurredAt: h.clock.now().toISOString(),
    cursor: '1.1000.01900000-0000-7000-8000-000000000000',
    transactionId: 'transaction-1',
    phone: '+49301234567',
    ip: '192.0.2.1',
  };
  return name in meanings ? fc.constant(meanings[name]) : undefined;
}

/** What the schema asks for, as far as it can be told from it. */
function meant(schema: Schema, name: string, caller: Caller): Arbitrary<unknown> {
  const { type, enum: some, const: only, anyOf, oneOf, pattern, items, properties, required, format } = resolve(schema);
  const choices = [...(anyOf ?? []), ...(oneOf ?? [])];
  if (only !== undefined) return fc.constant(only);
  if (some) return fc.constantFrom(...some);
  const meaning = known(name, caller);
  if (meaning && properties === undefined) return meaning;
  if (choices.length > 0) return fc.oneof(...choices.map((each) => meant(each, name, caller)));
  if (properties) return objectOf(properties, required ?? [], caller);
  if (type === 'array') return fc.array(meant(items ?? {}, '', caller), { maxLength: 3 });
  if (type === 'boolean') return fc.boolean();
  if (type === 'integer' || type === 'number') return fc.integer({ min: 1, max: 100 });
  if (format === 'uuid') return fc.constant('01900000-0000-7000-8000-000000000000');
  return pattern === '^\\d{6}$' ? fc.stringMatching(/^\d{6}$/) : fc.string({ minLength: 8, maxLength: 30 });
}

/** An object that is right but for, now and then, a field that is wrong, missing or one too many. */
function objectOf(properties: Record<string, Schema>, required: string[], caller: Caller): Arbitrary<unknown> {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const value = fc.oneof({ weight: 6, arbitrary: meant(schema, name, caller) }, { weight: 1, arbitrary: garbage });
    const isNeeded = required.includes(name);
    return fc.oneof(
      { weight: isNeeded ? 20 : 1, arbitrary: value.map((filled) => [[name, filled]] as [string, unknown][]) },
      { weight: 1, arbitrary: fc.constant([] as [string, unknown][]) },
    );
  });
  const extra = fc.oneof(
    { weight: 10, arbitrary: fc.constant([] as [string, unknown][]) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...nasty), garbage).map((pair) => [pair]) },
  );
  return fc.tuple(...fields, extra).map((entries) => Object.fromEntries(entries.flat()));
}

type Input = {
  body: unknown;
  path: Record<string, unknown>;
  query: Record<string, unknown>;
  headers: Record<string, string>;
};

function inputsOf(operation: Operation, caller: Caller): Arbitrary<Input> {
  const parametersIn = (place: string) => operation.parameters.filter((each) => each.in === place);
  const recordOf = (place: string, required: boolean) =>
    objectOf(
      Object.fromEntries(parametersIn(place).map(({ name, schema }) => [name, schema])),
      required ? parametersIn(place).map(({ name }) => name) : [],
      caller,
    ) as Arbitrary<Record<string, unknown>>;
  const { body } = operation;
  return fc.record({
    body: body
      ? fc.oneof({ weight: 8, arbitrary: meant(body, '', caller) }, { weight: 1, arbitrary: garbage })
      : fc.constant(undefined),
    path: recordOf('path', true),
    query: recordOf('query', false),
    headers: fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          { 'idempotency-key': 'k1' },
          { 'accept-language': '*;q=x,,;' },
          { 'user-agent': 'x'.repeat(9_000) },
          { 'x-forwarded-for': "'" },
        ),
      },
    ),
  });
}

const asText = (value: unknown) =>
  encodeURIComponent(String(value === null || typeof value === 'object' ? '' : value).toWellFormed());

async function send({ method, path }: Operation, { token }: Caller, input: Input): Promise<Answer> {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => asText(input.path[name]) || 'x');
  const query = Object.entries(input.query).map(([name, value]) => `${asText(name)}=${asText(value)}`);
  const body = input.body === undefined ? undefined : JSON.stringify(input.body);
  return await h.call(method, `${filled}?${query.join('&')}`, { body, token, headers: input.headers });
}

describe('V2.2.1 whatever is sent', () => {
  it.each(operations.map((operation) => [nameOf(operation), operation] as const))(
    'to %s has a declared answer of its declared shape, and never a 5xx',
    async (_name, operation) => {
      const caller = await newCaller(h, operation);
      const seen = new Set<number>();
      const property = fc.asyncProperty(inputsOf(operation, caller), async (input) => {
        const answer = await send(operation, caller, input);
        seen.add(answer.status);
        // A NUL in the path, or none at all, can turn it into another path.
        if (answer.status === 404 || answer.status === 405) expect(answer.body.status).toBe(answer.status);
        else expectDeclared(operation, answer);
      });
      const numRuns = hashing.includes(operation.path) ? RUNS_WITH_HASH : RUNS;
      await fc.assert(property, { seed: SEED, numRuns, interruptAfterTimeLimit: 15_000 });
      expect(seen.size).toBeGreaterThan(0);
    },
  );
});
