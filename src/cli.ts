import { Command, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import { addEnrolCommand } from './agent-enrolment/command.ts';
import { openTerminal } from './agent-enrolment/terminal.ts';
import { createAgent } from './agents/agents.ts';
import { type Role as AgentRole, roles } from './agents/rules.ts';
import { addApiKeyCommands } from './api-keys/commands.ts';
import { ConfigError, readConfig } from './config.ts';
import type { Context } from './context.ts';
import { WrongSecretError } from './crypto/wrapping.ts';
import { openAnyDatabase } from './database.ts';
import { EmbeddedPostgresError } from './db/embedded/error.ts';
import { migrateDatabase, NewerDatabaseError } from './db/migrate.ts';
import { addEraseCommand } from './erasure/commands.ts';
import { addExportCommand } from './export/commands.ts';
import { addImportCommand } from './import/commands.ts';
import { ImportError } from './import/fault.ts';
import { type Instance, openInstance } from './instance.ts';
import { addKeyCommands } from './keys/commands.ts';
import { KeyError } from './keys/rotate.ts';
import { text } from './languages/languages.ts';
import { type Role, serve } from './main.ts';
import { isSingleAddress } from './notices/mail-address.ts';
import { Problem } from './problem.ts';
import { addBreakGlassCommand } from './releases/break-glass-command.ts';
import { sealEvents, verifySeals } from './seals/seals.ts';
import { loadSecret } from './secret.ts';
import { addRuleCommands } from './suspicions/commands.ts';

const operator = { kind: 'system' } as const;
const json = new Option('--json', 'print one JSON object on one line');

const program = new Command('holdfast').description(
  'Account security and fraud response for payment and wallet applications',
);

program
  .command('serve')
  .description('run the service; without DATABASE_URL on a database of its own')
  .addOption(new Option('--role <role>', 'only this part').choices(['api', 'worker']))
  .action(async ({ role }: { role?: Role }) => await serve(role ? [role] : ['api', 'worker']));

program
  .command('migrate')
  .description('bring the database to this version, and stop')
  .action(async () => {
    const database = await openAnyDatabase(readConfig(process.env));
    try {
      const applied = await migrateDatabase(database.url);
      console.log(applied.length === 0 ? 'The database is up to date' : `Applied ${applied.join(', ')}`);
    } finally {
      await database.stop();
    }
  });

const agents = program.command('agent').description('support agents');
addEnrolCommand(
  agents,
  () => readConfig(process.env).publicUrl,
  () => openTerminal((line) => console.log(line)),
);

agents
  .command('create')
  .description('make an agent with a password and a second factor, shown this once')
  .requiredOption('--email <address>', 'signs in with it', readAddress)
  .requiredOption('--name <name>')
  .addOption(new Option('--role <role>').choices([...roles]).makeOptionMandatory())
  .addOption(json)
  .action(async (input: { email: string; name: string; role: AgentRole; json?: true }) => {
    const made = await withInstance(({ ctx }) => createAgent(ctx, input, operator));
    if (input.json) return console.log(JSON.stringify(made));
    console.log(
      `Made ${input.role} ${made.email} (${made.agentId})\nPassword:     ${made.password}\nTOTP secret:  ${made.totpSecret}\nThese are shown this once.`,
    );
  });

program
  .command('events')
  .description('the audit log')
  .command('verify')
  .description('check the chain of seals over every event; keep the printed head elsewhere to notice a cut tail')
  .action(async () => {
    const verdict = await withInstance(async ({ ctx }) => {
      await sealEvents(ctx);
      return await verifySeals(ctx.db);
    });
    if ('brokenAt' in verdict) {
      console.error(
        `Seal ${verdict.brokenAt} of ${verdict.sealedAt.toISOString()} does not fit: events under it were changed.`,
      );
      process.exitCode = 1;
      return;
    }
    console.log(`${verdict.events} events under ${verdict.seals} seals are as they were written; head ${verdict.head}`);
  });

const print = (line: string) => console.log(line);
addApiKeyCommands(program, operator, withContext, print);
const accounts = program.command('accounts').description('the accounts of owners');
addImportCommand(accounts, operator, withContext, print);
addExportCommand(accounts, operator, withContext);
addEraseCommand(accounts, operator, withContext, print);
addKeyCommands(program, operator, withContext, print);
addRuleCommands(program, withContext, print);
addBreakGlassCommand(program, operator, withContext, print);

/** Runs a command on the running service's database, or starts its own for as long as the command takes. */
async function withInstance<T>(work: (service: Instance) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  const database = await openAnyDatabase(config);
  try {
    await migrateDatabase(database.url);
    const secret = await loadSecret(config, database.dataDir);
    const log = pino({ level: 'silent' });
    const service = await openInstance(
      { ...config, databaseUrl: database.url, dataDir: database.dataDir, secret },
      { roles: [], log },
    );
    try {
      return await work(service);
    } finally {
      await service.close();
    }
  } finally {
    await database.stop();
  }
}

async function withContext<T>(work: (ctx: Context) => Promise<T>): Promise<T> {
  return await withInstance(({ ctx }) => work(ctx));
}

function readAddress(value: string): string {
  if (!isSingleAddress(value)) throw new InvalidArgumentError('must be one e-mail address');
  return value;
}

/** What the operator can mend is said in one line; anything else keeps its stack. */
function explain(error: unknown): string {
  const isExpected = [
    ConfigError,
    EmbeddedPostgresError,
    NewerDatabaseError,
    WrongSecretError,
    KeyError,
    ImportError,
  ].some((kind) => error instanceof kind);
  if (error instanceof Problem) {
    const { detail } = error.options;
    return `${text('en', `problem.${error.code}`)}.${detail === undefined ? '' : ` ${detail}.`}`;
  }
  if (error instanceof Error && 'code' in error && error.code === '23505')
    return 'There is one with this address already.';
  if (isExpected || (error instanceof Error && error.message.startsWith('Port '))) return (error as Error).message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
