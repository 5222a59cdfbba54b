import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Role, roles } from '../src/agents/rules.ts';
import { type Scope, scopes } from '../src/api-keys/api-keys.ts';
import { openapiDocument } from '../src/app.ts';
import { nameOf, type Operation, operations, resolve, type Schema } from './support/contract.ts';
import { type Answer, type Harness, newAgent, newApiKey, openHarness } from './support/harness.ts';
import { newSignedIn } from './support/seed.ts';

const text = readFileSync(new URL('../docs/access.md', import.meta.url), 'utf8');
const section = (title: string) => text.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
const rowsOf = (title: string) => [...section(title).matchAll(/^\| (`.+) \| (.+) \|$/gm)].map((row) => row.slice(1));

/** Who may make each call, as the document says. */
const documented = new Map(rowsOf('Calls').map(([call = '', who = '']) => [call.replaceAll('`', ''), who]));
const whoOf = (operation: Operation) => documented.get(nameOf(operation)) ?? '';
const callsOf = (who: RegExp) =>
  operations.filter((each) => who.test(whoOf(each))).map((each) => [nameOf(each), each] as const);

let h: Harness;
let ofRole: Record<Role, string>;
beforeAll(async () => {
  // An access token that lasts, so that only the age of its sign-in refuses.
  h = await openHarness({ policy: { 'access.ttl': 3_600_000 } });
  const made = await Promise.all(roles.map(async (role) => [role, (await newAgent(h, role)).accessToken]));
  ofRole = Object.fromEntries(made);
});
afterAll(() => h.close());

const someId = '0190b0a0-0000-7000-8000-000000000000';

function send({ method, path }: Operation, token: string, body: object = {}): Promise<Answer> {
  return h.call(method, path.replace(/\{\w+\}/g, someId), { token, ...(method !== 'GET' && { body }) });
}

describe('V8.1.1 the documented access', () => {
  it('names every call of the contract, with who the contract says', () => {
    const said = new Map(operations.map((each) => [nameOf(each), each.security]));
    expect([...documented.keys()].sort()).toEqual([...said.keys()].sort());
    for (const [call, who] of documented) {
      const schemes: Record<string, string[]> = {
        anyone: [],
        owner: ['owner'],
        'owner, fresh': ['owner'],
        'owner, or case token': ['owner', 'caseToken'],
        'recovery token': ['recoveryToken'],
      };
      const [kind = ''] = who.split(', ');
      const expected = { host: ['apiKey'], agent: ['agent'] }[kind] ?? schemes[who];
      expect(said.get(call), call).toEqual(expected);
    }
  });

  it.each(callsOf(/^host/))(
    'V8.2.1 holds for %s: its scope opens it, all others together do not',
    async (_, operation) => {
      const scope = /`(.+)`/.exec(whoOf(operation))?.[1] as Scope;
      expect(scopes).toContain(scope);
      const others = await send(
        operation,
        await newApiKey(
          h,
          scopes.filter((other) => other !== scope),
        ),
      );
      expect([others.status, others.body.code]).toEqual([403, 'forbidden']);
      const own = await send(operation, await newApiKey(h, [scope]));
      expect([401, 403]).not.toContain(own.status);
    },
  );

  it.each(callsOf(/^agent/))('V8.2.1 V8.3.1 holds for %s: its role and those above', async (name, operation) => {
    const least = whoOf(operation).split(', ')[1] as Role;
    expect(roles).toContain(least);
    for (const role of roles) {
      const token = name.includes('/auth/sign-out') ? (await newAgent(h, role)).accessToken : ofRole[role];
      const answer = await send(operation, token);
      const isAllowed = roles.indexOf(role) >= roles.indexOf(least);
      expect([role, answer.body?.code === 'forbidden'], answer.text).toEqual([role, !isAllowed]);
      expect(answer.status).not.toBe(401);
    }
  });

  it('V7.5.1 V10.3.4 HT-S1 lets nobody make a fresh call whose sign-in is sixteen minutes old, and them alone', async () => {
    const owner = await newSignedIn(h);
    h.clock.advance(16 * 60_000);
    for (const [name, operation] of callsOf(/^owner/)) {
      if (operation.path.startsWith('/v1/auth/')) continue;
      const { status, body, headers } = await send(operation, owner.accessToken);
      const isStale = whoOf(operation) === 'owner, fresh';
      expect([name, status === 401 && body?.code === 'insufficient-authentication']).toEqual([name, isStale]);
      if (isStale)
        expect(headers.get('www-authenticate')).toMatch(/error="insufficient_user_authentication".*max_age="900"/);
      if (name === 'POST /v1/me/freeze') break;
    }
  });
});

describe('V8.1.2 V8.2.3 the documented fields', () => {
  it('are the only secrets that any answer has', () => {
    const shown = rowsOf('Fields').flatMap(([fields = '']) => [...fields.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    const answered = new Set<string>();
    const seen = new Set<Schema>();
    const collect = (schema: Schema | undefined): void => {
      if (!schema) return;
      const known = resolve(schema);
      if (seen.has(known)) return;
      seen.add(known);
      for (const [name, property] of Object.entries(known.properties ?? {})) {
        if (isSecret(name)) answered.add(name);
        collect(property);
      }
      for (const part of [...(known.anyOf ?? []), ...(known.oneOf ?? []), ...(known.allOf ?? [])]) collect(part);
      collect(known.items);
    };
    for (const { responses } of operations)
      for (const { content } of Object.values(responses))
        for (const { schema } of Object.values(content ?? {})) collect(schema);
    expect([...answered].sort()).toEqual(shown.sort());
  });

  it('V6.4.2 NB-P7 have no hint, no question, and V6.4.6 no password that an agent could set', () => {
    const { paths, components } = openapiDocument() as { paths: Record<string, object>; components: object };
    const names = [...JSON.stringify([paths, components]).matchAll(/"(\w+)":\{/g)].map(([, name]) => name ?? '');
    expect(names.filter((name) => /hint|question|answer(?!At|By|ed)|reminder|maiden|birth/i.test(name))).toEqual([]);
    const agents = operations.filter(({ path }) => path.startsWith('/v1/agent') && !path.includes('/auth/'));
    expect(agents.length).toBeGreaterThan(10);
    for (const operation of agents)
      expect(JSON.stringify(operation.body ?? {})).not.toMatch(/"\w*(password|secret)\w*":/i);
  });
});

function isSecret(name: string): boolean {
  return name !== 'token_type' && /password|hash|secret|token|challenge|otpauth|^qr|codes$|apiKey/i.test(name);
}
