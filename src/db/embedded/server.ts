import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './error.ts';
import type { Log } from './log.ts';
import { asUser, type DatabaseUser } from './user.ts';

export type Server = { exited: Promise<unknown>; stop(): Promise<void> };

type ServerOptions = {
  binaries: string;
  cluster: string;
  socketFolder: string;
  durable: boolean;
  user: DatabaseUser | undefined;
  log: Log;
};

/** Settles when Postgres accepts connections, or rejects with what it said before it ended. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const child = spawn(join(options.binaries, 'bin', 'postgres'), ['-D', options.cluster, ...settings(options)], {
    ...asUser(options.user),
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // Ctrl-C reaches the service only, which stops Postgres after its own work
  });
  child.once('exit', (code, signal) => options.log.write(`Postgres ended (${signal ?? `code ${code}`})\n`));
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const closed = once(child, 'close').catch(() => {});
  const stopWithUs = () => child.kill('SIGINT');
  process.once('exit', stopWithUs);
  const exited = ended.then(() => process.off('exit', stopWithUs));

  let tail = '';
  const ready = new Promise<boolean>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      options.log.write(text);
      tail = (tail + text).slice(-4096);
      if (tail.includes('ready to accept connections')) resolve(true);
    });
  });
  if (!(await Promise.race([ready, closed.then(() => false)]))) {
    throw new EmbeddedPostgresError(`Postgres could not start on ${options.cluster}: ${lastWords(tail)}`);
  }
  return {
    exited,
    async stop() {
      child.kill('SIGINT');
      const impatience = setTimeout(() => child.kill('SIGQUIT'), 8_000);
      await exited;
      clearTimeout(impatience);
    },
  };
}

function settings({ socketFolder, durable }: ServerOptions): string[] {
  const safety = durable ? 'on' : 'off';
  return Object.entries({
    listen_addresses: '',
    unix_socket_directories: `"${socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    port: 5432,
    password_encryption: 'scram-sha-256',
    fsync: safety,
    synchronous_commit: safety,
    full_page_writes: safety,
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_checkpoints: 'off',
    // Statements and details would carry addresses and tokens into the log.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function lastWords(tail: string): string {
  const lines = tail.trim().split('\n');
  const line = lines.findLast((text) => /FATAL|PANIC/.test(text)) ?? lines.at(-1);
  return line?.replace(/^.*(FATAL|PANIC):\s*/, '') || 'it said nothing';
}
