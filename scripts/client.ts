/**
 * Holds client/operations.ts to openapi.yaml: `--write` generates it; otherwise any difference fails. `--pack FOLDER`
 * builds the client as a package of its own, of plain JavaScript with types, and leaves its archive there.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { packClient } from './client-package.ts';

const FILE = 'client/operations.ts';
const BIOME = 'node_modules/@biomejs/biome/bin/biome';

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
}
type Content = { content?: Record<string, { schema: Schema }> };
interface Operation {
  operationId: string;
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: Content & { required?: boolean };
  responses: Record<string, Content>;
}
interface Contract {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas?: Record<string, Schema> };
}

const primitives: Record<string, string> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

function typeOf(schema: Schema): string {
  if (schema.$ref) return nameOf(schema.$ref.split('/').at(-1) ?? '');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const some = schema.anyOf ?? schema.oneOf;
  if (some) return some.map((each) => `(${typeOf(each)})`).join(' | ');
  if (schema.allOf) return schema.allOf.map((each) => `(${typeOf(each)})`).join(' & ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  if (schema.type === 'array') return `(${typeOf(schema.items ?? {})})[]`;
  if (schema.type === 'object' || schema.properties) return objectOf(schema);
  return primitives[schema.type ?? ''] ?? 'unknown';
}

function objectOf({ properties, required = [], additionalProperties }: Schema): string {
  const members = Object.entries(properties ?? {}).map(
    ([name, schema]) => `${JSON.stringify(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)};`,
  );
  if (members.length > 0) return `{ ${members.join(' ')} }`;
  return typeof additionalProperties === 'object'
    ? `Record<string, ${typeOf(additionalProperties)}>`
    : 'Record<string, unknown>';
}

const nameOf = (name: string) => name.replace(/\W/g, '');

function bodyOf({ operationId, requestBody, parameters = [] }: Operation): { type?: string; isRaw: boolean } {
  const [mediaType, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  if (!mediaType || !media) return { isRaw: false };
  if (!mediaType.startsWith('application/json')) return { type: '{ body: Blob | Uint8Array | string }', isRaw: true };
  const taken = Object.keys(media.schema.properties ?? {}).filter((name) => parameters.some((p) => p.name === name));
  if (taken.length > 0) throw new Error(`${operationId}: ${taken} is a parameter and in the body`);
  return { type: requestBody?.required ? typeOf(media.schema) : `Partial<${typeOf(media.schema)}>`, isRaw: false };
}

function inputOf(operation: Operation): string {
  const parameters = (operation.parameters ?? []).filter((each) => each.in === 'path' || each.in === 'query');
  const members = parameters.map(
    ({ name, required, schema }) => `${JSON.stringify(name)}${required ? '' : '?'}: ${typeOf(schema)};`,
  );
  const { type } = bodyOf(operation);
  const parts = [...(members.length > 0 ? [`{ ${members.join(' ')} }`] : []), ...(type ? [`(${type})`] : [])];
  return parts.length > 0 ? parts.join(' & ') : 'Record<never, never>';
}

function answerOf({ responses }: Operation): string {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const types = good.flatMap(([, { content }]) =>
    content === undefined
      ? ['undefined']
      : Object.entries(content).map(([mediaType, { schema }]) => {
          if (/^application\/(\S+\+)?json/.test(mediaType)) return typeOf(schema);
          if (mediaType === 'text/event-stream') return 'ReadableStream<Uint8Array>';
          return /^(text\/|application\/x-ndjson)/.test(mediaType) ? 'string' : 'Blob';
        }),
  );
  return [...new Set(types)].map((type) => `(${type})`).join(' | ') || 'undefined';
}

function render({ paths, components }: Contract): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  operations.sort((a, b) => (a.operation.operationId < b.operation.operationId ? -1 : 1));
  const schemas = Object.entries(components.schemas ?? {}).map(
    ([name, schema]) => `export type ${nameOf(name)} = ${typeOf(schema)};`,
  );
  const types = operations.map(({ operation }) => {
    const { operationId, summary } = operation;
    const doc = summary ? `/** ${summary.replaceAll('*/', '')} */\n` : '';
    return `${doc}${operationId}: { input: ${inputOf(operation)}; answer: ${answerOf(operation)} };`;
  });
  const rows = operations.map(({ path, method, operation }) => {
    const query = (operation.parameters ?? []).filter((each) => each.in === 'query').map(({ name }) => name);
    const extra = [
      ...(query.length > 0 ? [`query: ${JSON.stringify(query)}`] : []),
      ...(bodyOf(operation).isRaw ? ['raw: true'] : []),
    ];
    return `${operation.operationId}: { ${[`call: '${method} ${path}'`, ...extra].join(', ')} },`;
  });
  const source = `// Generated from openapi.yaml by npm run fix; do not edit.

${schemas.join('\n\n')}

/** What each operation takes and gives. */
export interface Operations {
${types.join('\n')}
}

export type OperationName = keyof Operations;

export const operations = {
${rows.join('\n')}
} as const satisfies Record<OperationName, { call: string; query?: readonly string[]; raw?: boolean }>;
`;
  return execFileSync(process.execPath, [BIOME, 'format', `--stdin-file-path=${FILE}`], {
    input: source,
    encoding: 'utf8',
  });
}

const [, , option, folder] = process.argv;
if (option === '--pack') console.log(packClient(folder ?? '.'));
else {
  const expected = render(parse(readFileSync('openapi.yaml', 'utf8')) as Contract);
  if (option === '--write') writeFileSync(FILE, expected);
  else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== expected) {
    console.log(`${FILE} differs from openapi.yaml: npm run fix`);
    process.exitCode = 1;
  }
}
