import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
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
        const pieces = Readable.from(await exportAccount(ctx, id, { actor, by: 'operator' }));
        await pipeline(pieces, process.stdout, { end: false }).catch(unlessCut);
      }),
    );
}

/** Whoever read along had enough, as `head` does. */
function unlessCut(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
