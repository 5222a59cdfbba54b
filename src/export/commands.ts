import type { Command } from 'commander';
import { findAccount } from '../accounts/accounts.ts';
import type { Context } from '../context.ts';
import type { Actor } from '../events/record.ts';
import { exportAccount } from './export.ts';

type Run = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;

/** `holdfast accounts export`: the document goes to stdout as it is read. */
export function addExportCommand(accounts: Command, actor: Actor, run: Run): void {
  accounts
    .command('export <id>')
    .description('everything held about one person, as JSON on stdout; also by external:<id>')
    .action((reference: string) =>
      run(async (ctx) => {
        const { id } = await findAccount(ctx, reference);
        for await (const piece of await exportAccount(ctx, id, { actor, by: 'operator' })) process.stdout.write(piece);
      }),
    );
}
