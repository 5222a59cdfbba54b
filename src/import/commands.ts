import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import type { Actor } from '../events/record.ts';
import type { BadLine } from './batch.ts';
import { ImportError } from './fault.ts';
import { type FirebaseParameters, readFirebaseParameters } from './formats/firebase-parameters.ts';
import { type FormatName, formatNames } from './formats/formats.ts';
import { importAccounts, type Outcome, type Tally } from './import.ts';
import type { Reading } from './read-line.ts';
import { openProgress } from './show.ts';
import { openFile, openStream, type Source } from './source.ts';
import { describeOutcome, summarise } from './summary.ts';

type Run = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;
type Input = {
  format: FormatName;
  dryRun?: true;
  resume?: true;
  errors?: string;
  hashConfig?: string;
  confirmed?: true;
  mails: boolean;
  json?: true;
};

const HELP = `
One account per line, as JSON:
  {"email":"ana@example.com","emailConfirmed":true,"externalId":"17","passwordHash":"$2b$12$…"}
Hashes of argon2, bcrypt, scrypt and PBKDF2 are kept as they are, checked at the first sign-in and made anew then.
A line that cannot be taken over is reported with its number and left out; it stops nothing.
docs/import.md says how to get such a file out of Auth0, Firebase, Keycloak and Django.

Ends with 0 when every line became an account, 2 when some were left out, 1 when it could not go on.`;

/** A file is imported once, so every password of it would be left behind. */
const NO_HASH_CONFIG =
  "Passwords of Firebase cannot be checked without their project's parameters: say --hash-config <file>; docs/import.md says where they are.";

/** `holdfast accounts import`: works beside a running service. */
export function addImportCommand(accounts: Command, actor: Actor, run: Run, print: (line: string) => void): void {
  accounts
    .command('import <file>')
    .description('take accounts over from a file of JSON lines, or from stdin with "-"; .gz is unpacked')
    .addOption(new Option('--format <format>', 'who wrote the file').choices(formatNames).default('holdfast'))
    .option('--dry-run', 'read and check everything, write nothing')
    .option('--resume', 'go on where an earlier run of the same file stopped')
    .option('--errors <file>', 'write every line left out to this file, as JSON lines with number, field and reason')
    .option(
      '--hash-config <file>',
      'for firebase: the password hash parameters of the project, as its console shows them',
    )
    .option('--confirmed', 'the other system had confirmed every address')
    .option('--no-mails', 'send no confirmation mail to addresses that were not confirmed')
    .addOption(new Option('--json', 'print one JSON object on one line'))
    .addHelpText('after', HELP)
    .action(async (path: string, input: Input) => {
      if (input.format === 'firebase' && input.hashConfig === undefined) throw new ImportError(NO_HASH_CONFIG);
      // Before a database is started for it.
      const source = path === '-' ? openStream(process.stdin) : await openFile(path).catch(explain);
      const firebase = await parametersIn(input.hashConfig);
      const outcome = await run((ctx) =>
        importFrom(ctx, source, { firebase, isConfirmed: input.confirmed === true }, input, actor),
      );
      print(input.json ? JSON.stringify(summarise(outcome, input.dryRun === true)) : describeOutcome(outcome, input));
      process.exitCode = exitCodeOf(outcome);
    });
}

export type Ended = Outcome & { seconds: number };

async function importFrom(
  ctx: Context,
  source: Source,
  hints: Reading['hints'],
  input: Input,
  actor: Actor,
): Promise<Ended> {
  if (input.errors !== undefined && !input.resume) await writeFile(input.errors, '', { mode: 0o600 });
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const progress = openProgress(source, process.stderr);
  const began = performance.now();
  try {
    const outcome = await importAccounts(ctx, {
      source,
      format: input.format,
      hints,
      isRehearsal: input.dryRun === true,
      isResumed: input.resume === true,
      sendMails: input.mails,
      actor,
      async onBatch(tally: Tally, bad: readonly BadLine[]) {
        if (input.errors !== undefined)
          await appendFile(input.errors, bad.map((line) => `${JSON.stringify(line)}\n`).join(''));
        progress.tell(tally, bad);
      },
      isStopped: () => stopping.signal.aborted,
    });
    return { ...outcome, seconds: (performance.now() - began) / 1000 };
  } finally {
    progress.end();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

async function parametersIn(path: string | undefined): Promise<FirebaseParameters | undefined> {
  if (path === undefined) return undefined;
  const parameters = readFirebaseParameters(await readFile(path, 'utf8').catch(explain));
  if (!parameters)
    throw new ImportError(`${path} lacks one of base64_signer_key, base64_salt_separator, rounds and mem_cost.`);
  return parameters;
}

function explain(error: NodeJS.ErrnoException): never {
  if (error.code === 'ENOENT') throw new ImportError(`There is no file ${error.path}.`);
  if (error.code === 'EACCES') throw new ImportError(`${error.path} may not be read.`);
  throw error;
}

function exitCodeOf(outcome: Outcome): number {
  if (outcome.outcome === 'finished') return outcome.tally.skipped > 0 ? 2 : 0;
  if (outcome.outcome === 'finished-before') return outcome.earlier.skipped > 0 ? 2 : 0;
  return outcome.outcome === 'stopped' ? 130 : 1;
}
