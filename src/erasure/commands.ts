import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import { findAccount } from '../accounts/accounts.ts';
import type { Context } from '../context.ts';
import type { Actor } from '../events/record.ts';
import { type Erasure, eraseAccount } from './erase.ts';

type Run = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;

/** `holdfast accounts erase`: asks once on a terminal, since nothing brings the person back. */
export function addEraseCommand(accounts: Command, actor: Actor, run: Run, print: (line: string) => void): void {
  accounts
    .command('erase <id>')
    .description('close an account for good and forget the person; also by external:<id>')
    .option('--yes', 'ask nothing')
    .addOption(new Option('--json', 'print one JSON object on one line'))
    .action(async (reference: string, input: { yes?: true; json?: true }) => {
      if (!input.yes && !(await isMeant(reference))) {
        print('Nothing was erased. Say --yes if that is meant.');
        process.exitCode = 1;
        return;
      }
      const erasure = await run(async (ctx) => await eraseAccount(ctx, (await findAccount(ctx, reference)).id, actor));
      print(input.json ? JSON.stringify(erasure) : describe(erasure));
    });
}

async function isMeant(reference: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `Forget everything about the person of ${reference}? Nothing brings it back. [y/N] `,
  );
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

function describe({ accountId, erasedAt, kept }: Erasure): string {
  const lines = kept.map(
    ({ what, count, until }) => `Kept without a name: ${count} ${what}, until ${until.slice(0, 10)}.`,
  );
  return [`Erased ${accountId} on ${erasedAt}.`, ...lines].join('\n');
}
