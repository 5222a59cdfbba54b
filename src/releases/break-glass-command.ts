import { createInterface } from 'node:readline/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { findAccount } from '../accounts/accounts.ts';
import type { Context } from '../context.ts';
import type { Actor } from '../events/record.ts';
import { type Broken, breakGlass, findHoldOwner } from './break-glass.ts';

type Run = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;
type Input = { hold?: string; account?: string; note: string; yes?: true; json?: true };

/** `holdfast break-glass release`: for whoever sits at the machine when no second person is to be had. Asks once. */
export function addBreakGlassCommand(program: Command, actor: Actor, run: Run, print: (line: string) => void): void {
  program
    .command('break-glass')
    .description('what only whoever sits at the machine may do; everybody is told')
    .command('release')
    .description('lift a hold, or all holds of an account, that stood for 24 hours; owner and agents are told')
    .addOption(new Option('--hold <id>', 'this hold').argParser(readId).conflicts('account'))
    .option('--account <id>', 'every hold of this account; also external:<id>')
    .requiredOption('--note <text>', 'why; kept with the event')
    .option('--yes', 'ask nothing')
    .addOption(new Option('--json', 'print one JSON object on one line'))
    .action(async (input: Input, command: Command) => {
      const { hold: holdId, account, note } = input;
      const named = holdId ?? account;
      if (named === undefined) return command.error('error: name --hold or --account');
      if (!input.yes && !(await isMeant(holdId === undefined ? `every hold of account ${named}` : `hold ${named}`))) {
        print('Nothing was released. Say --yes if that is meant.');
        process.exitCode = 1;
        return;
      }
      const broken = await run(async (ctx) => {
        const accountId = holdId === undefined ? (await findAccount(ctx, named)).id : await findHoldOwner(ctx, holdId);
        return await breakGlass(ctx, { accountId, holdId, note }, actor);
      });
      print(input.json ? JSON.stringify(broken) : describe(broken));
      if (broken.released.length === 0) process.exitCode = 1;
    });
}

async function isMeant(what: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `Release ${what} without a second person? The owner and everybody who works here are told. [y/N] `,
  );
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

const reasons = {
  'too-early': 'it has not stood for 24 hours',
  'ends-by-itself': 'it follows from a change and ends by itself',
} as const;

function describe({ accountId, released, left }: Broken): string {
  const lines = [
    ...released.map((id) => `Released hold ${id}.`),
    ...left.map(({ holdId, why }) => `Left hold ${holdId}: ${reasons[why]}.`),
  ];
  const told = released.length > 0 ? ['The owner and everybody who works here are told.'] : [];
  return [...(lines.length > 0 ? lines : [`No hold stands on account ${accountId}.`]), ...told].join('\n');
}

function readId(value: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) throw new InvalidArgumentError('must be an id');
  return value;
}
