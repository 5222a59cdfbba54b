import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';
import { rehearse } from './rehearse.ts';

type Run = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;

const MOST_DAYS = 366;

/** `holdfast rules test`: what the rules would have said of the days past, before one of them is set to `live`. */
export function addRuleCommands(program: Command, run: Run, print: (line: string) => void): void {
  program
    .command('rules')
    .description('the rules by which cases open by themselves')
    .command('test')
    .description('judge the last days anew by every rule, whatever its mode, and count; nothing is written')
    .addOption(new Option('--days <days>', 'how many').argParser(readDays).default(30))
    .addOption(new Option('--json', 'print one JSON object on one line'))
    .action(async ({ days, json }: { days: number; json?: true }) => {
      const rules = await run((ctx) => rehearse(ctx, days));
      if (json) return print(JSON.stringify({ days, rules }));
      const head = ['rule', 'mode', 'matched', 'accounts', 'would freeze'];
      const rows = [head, ...rules.map((rule) => Object.values(rule).map(String))];
      const widths = head.map((_, place) => Math.max(...rows.map((row) => row[place]?.length ?? 0)));
      print(`The last ${days} days:`);
      for (const row of rows) {
        print(
          row
            .map((cell, place) => cell.padEnd(widths[place] ?? 0))
            .join('  ')
            .trimEnd(),
        );
      }
    });
}

function readDays(value: string): number {
  const days = Number(value);
  if (Number.isInteger(days) && days >= 1 && days <= MOST_DAYS) return days;
  throw new InvalidArgumentError(`must be a whole number of 1 to ${MOST_DAYS} days`);
}
