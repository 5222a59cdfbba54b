import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import type { Actor } from '../events/record.ts';
import { listKeys } from './list.ts';
import { reencrypt } from './reencrypt.ts';
import { rewrapKeys } from './rewrap.ts';
import { KeyError, revokeSigningKey, rotateKey } from './rotate.ts';
import type { Purpose } from './rules.ts';

type Run = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;
type Rotation = { purpose: Purpose; now?: true; yes?: true; json?: true };

/** `holdfast keys …`: each works beside a running service, whose nodes follow at once. */
export function addKeyCommands(program: Command, actor: Actor, run: Run, print: (line: string) => void): void {
  const keys = program.command('keys').description('the installation’s keys; docs/keys.md says when to do what');
  const json = () => new Option('--json', 'print one JSON object on one line');

  keys
    .command('list')
    .description('every key and where it stands; never the key itself')
    .addOption(json())
    .action(async (input: { json?: true }) => {
      const all = await run(listKeys);
      if (input.json) return print(JSON.stringify({ keys: all }));
      const rows = [['key', 'purpose', 'state', 'used from', 'wrapped by'], ...all.map((key) => Object.values(key))];
      const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
      for (const row of rows)
        print(
          row
            .map((cell, n) => cell.padEnd(widths[n] ?? 0))
            .join('  ')
            .trimEnd(),
        );
    });

  keys
    .command('rotate')
    .description('make the next key; the one before it counts on meanwhile')
    .addOption(new Option('--purpose <purpose>').choices(['signing', 'encryption', 'hashing']).default('signing'))
    .option('--now', 'let a signing key sign at once, before caches of the JWKS know it')
    .option('--yes', 'for hashing: everybody signs in again, and every link in a mail dies')
    .addOption(json())
    .action(async (input: Rotation) => {
      if (input.purpose === 'hashing' && !input.yes) {
        throw new KeyError(
          'With a new hashing key everybody must sign in again, every link in a mail dies and counted failures are forgotten. Say --yes if that is meant.',
        );
      }
      const atOnce = input.now === true;
      const { keyId, usedFrom, isNew } = await run((ctx) => rotateKey(ctx, input.purpose, { atOnce }, actor));
      const at = usedFrom.toISOString();
      if (input.json) return print(JSON.stringify({ keyId, usedFrom: at, isNew }));
      print(isNew ? `Made ${keyId}, used from ${at}` : `${keyId} was announced before and is used from ${at}`);
    });

  keys
    .command('revoke <key>')
    .description('for a signing key that leaked: nothing it signed counts any more')
    .addOption(json())
    .action(async (keyId: string, input: { json?: true }) => {
      const { successorId } = await run((ctx) => revokeSigningKey(ctx, keyId, actor));
      if (input.json) return print(JSON.stringify({ keyId, successorId: successorId ?? null }));
      print(successorId ? `Revoked ${keyId}; ${successorId} signs from now on` : `Revoked ${keyId}`);
    });

  keys
    .command('rewrap')
    .description('wrap every key by HOLDFAST_SECRET, once all nodes have it beside HOLDFAST_SECRET_PREVIOUS')
    .option('--force', 'even while a node seems to run without the new secret; such a node cannot start again')
    .addOption(json())
    .action(async (input: { force?: true; json?: true }) => {
      const count = await run((ctx) => rewrapKeys(ctx, { force: input.force === true }, actor));
      if (input.json) return print(JSON.stringify({ rewrapped: count }));
      print(
        count === 0
          ? 'Every key is wrapped by HOLDFAST_SECRET already'
          : `Wrapped ${count} keys by HOLDFAST_SECRET; HOLDFAST_SECRET_PREVIOUS can go`,
      );
    });

  keys
    .command('reencrypt')
    .description('encrypt what an older encryption key encrypted; the service does it by itself within minutes')
    .addOption(json())
    .action(async (input: { json?: true }) => {
      const count = await run(reencrypt);
      print(input.json ? JSON.stringify({ reencrypted: count }) : `Encrypted ${count} values anew`);
    });
}
