import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { Context } from '../context.ts';
import type { Actor } from '../events/record.ts';
import { createApiKey, listApiKeys, revokeApiKey, type Scope, scopes } from './api-keys.ts';

const uuid = z.uuid();

type Run = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;
type New = { name: string; scopes: Scope[]; json?: true };
type Revoked = { id: string; note: string; json?: true };

/** `holdfast api-key create`, `list` and `revoke`. */
export function addApiKeyCommands(program: Command, operator: Actor, run: Run, print: (line: string) => void): void {
  const json = new Option('--json', 'print one JSON object on one line');
  const keys = program.command('api-key').description('keys for the host application’s back end');

  keys
    .command('create')
    .description('make a key, shown this once')
    .requiredOption('--name <name>')
    .requiredOption('--scopes <scopes>', `separated by commas: ${scopes.join(', ')}`, readScopes)
    .addOption(json)
    .action(async (input: New) => {
      const made = await run((ctx) => createApiKey(ctx, input.name, input.scopes, operator));
      if (input.json) return print(JSON.stringify(made));
      print(`Made the key "${input.name}" (${made.apiKeyId})\n${made.apiKey}\nIt is shown this once.`);
    });

  keys
    .command('list')
    .description('every key there is or was, the newest first')
    .addOption(json)
    .action(async (input: { json?: true }) => {
      const items = await run((ctx) => listApiKeys(ctx));
      if (input.json) return print(JSON.stringify({ items }));
      if (items.length === 0) return print('There is no key yet: holdfast api-key create makes one.');
      for (const { id, name, scopes: allowed, createdAt, revokedAt } of items) {
        const state = revokedAt === null ? `since ${createdAt}` : `revoked ${revokedAt}`;
        print(`${id}  ${name}  ${state}  ${allowed.join(', ')}`);
      }
    });

  keys
    .command('revoke')
    .description('end a key at once, on every node')
    .requiredOption('--id <id>', 'as `list` shows it', readId)
    .requiredOption('--note <text>', 'why; kept in the audit log')
    .addOption(json)
    .action(async (input: Revoked) => {
      const revoked = await run((ctx) => revokeApiKey(ctx, input.id, input.note, operator));
      if (input.json) return print(JSON.stringify(revoked));
      print(`Revoked the key "${revoked.name}" (${revoked.id}): it opens nothing any more.`);
    });
}

function readId(value: string): string {
  if (uuid.safeParse(value).success) return value;
  throw new InvalidArgumentError('must be the id of a key, as `holdfast api-key list` shows it');
}

function readScopes(value: string): Scope[] {
  const wanted = value.split(',').map((scope) => scope.trim());
  const unknown = wanted.find((scope) => !scopes.some((known) => known === scope));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is not one of ${scopes.join(', ')}`);
  return wanted as Scope[];
}
