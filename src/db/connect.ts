import type { Duplex } from 'node:stream';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { queryNamed } from './named-query.ts';
import { PipelinedDialect } from './pipelined.ts';
import { WholeWriteSocket } from './socket.ts';
import { statementName } from './statement.ts';
import { SESSION_OPTIONS, typeParsers } from './type-parsers.ts';
import type { Database } from './types.ts';

/** Gives hot statements their name, and sends what one turn of the event loop asks in one piece. */
class HotClient extends pg.Client {
  #isHeld = false;

  // biome-ignore lint/suspicious/noExplicitAny: pg's query has ten overloads; only the form Kysely uses is touched.
  override query(...args: any[]): any {
    if (!this.#isHeld) this.#holdUntilNextTurn(this.connection.stream);
    const [text, values] = args;
    const name = typeof text === 'string' && Array.isArray(values) ? statementName(text) : undefined;
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    return name === undefined ? (super.query as any).apply(this, args) : queryNamed(this, { name, text, values });
  }

  #holdUntilNextTurn(stream: Duplex): void {
    this.#isHeld = true;
    stream.cork();
    process.nextTick(() => {
      this.#isHeld = false;
      stream.uncork();
    });
  }
}

export type PoolOptions = {
  url: string;
  max: number;
  name: string;
  onError: (error: Error) => void;
  /** How long a statement may take, in ms; without it as long as it needs. */
  patience?: number;
};

/** A pool of connections; an idle one that breaks is reported and replaced, never fatal. */
export function openPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max,
    application_name: `holdfast-${options.name}`,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    Client: HotClient,
    // Types of the pool lack it: statements of a transaction need not wait for each other's answers.
    ...{ pipeline: true },
    stream: () => new WholeWriteSocket(),
    types: typeParsers,
    options: SESSION_OPTIONS,
    ...(options.patience === undefined ? {} : { statement_timeout: options.patience }),
  });
  pool.on('error', options.onError);
  // A connection in use has no listener of the pool's; unheard, its end would end the process.
  pool.on('connect', (client) => client.on('error', options.onError));
  return pool;
}

export function openDatabase(options: PoolOptions): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: openPool(options) }) });
}

/** For single statements only, many in flight on one connection: no transactions can run on it. */
export function openReader(options: PoolOptions): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PipelinedDialect(options) });
}
