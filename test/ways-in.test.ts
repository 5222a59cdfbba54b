import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openapiDocument } from '../src/app.ts';

/** What somebody could come back with. */
const KEYS = [
  'accessToken',
  'refreshToken',
  'deviceToken',
  'caseToken',
  'challenge',
  'enrolmentToken',
  'recoveryToken',
  'recoveryCodes',
  'apiKey',
];

type Operation = { responses: Record<string, unknown> };
const document = openapiDocument() as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
};

/** The schema's text with everything it refers to. */
function whole(schema: unknown): string {
  const text = JSON.stringify(schema);
  const names = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name as string);
  return text + names.map((name) => JSON.stringify(document.components.schemas[name])).join('');
}

function handsOutKeys(operation: Operation): boolean {
  const successes = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
  return successes.some(([, response]) => KEYS.some((key) => whole(response).includes(`"${key}":{`)));
}

describe('the documented ways in', () => {
  it('V6.1.3 V6.3.4 are those of the contract, and there is no other', async () => {
    const text = await readFile(new URL('../docs/authentication.md', import.meta.url), 'utf8');
    const section = text.slice(text.indexOf('## Ways in'), text.indexOf('## Guessing'));
    const documented = [...section.matchAll(/^\| `((?:GET|POST|PUT|DELETE) [^`]+)`/gm)].map(([, call]) => call);
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ call: `${method.toUpperCase()} ${path}`, operation })),
    );
    const offered = operations.filter(({ operation }) => handsOutKeys(operation)).map(({ call }) => call);
    expect(documented.toSorted()).toEqual(offered.toSorted());
  });
});
