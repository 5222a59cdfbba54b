import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import pg from 'pg';
import type { PoolOptions } from './connect.ts';
import { queryNamed } from './named-query.ts';
import { WholeWriteSocket } from './socket.ts';
import { statementName } from './statement.ts';
import { SESSION_OPTIONS, typeParsers } from './type-parsers.ts';

/** Kysely over a few connections that send the next query without waiting for the last answer. */
export class PipelinedDialect implements Dialect {
  readonly #options: PoolOptions;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  createDriver = (): Driver => new PipelinedDriver(this.#options);
  createQueryCompiler = () => new PostgresQueryCompiler();
  createAdapter = () => new PostgresAdapter();
  createIntrospector: Dialect['createIntrospector'] = (db) => new PostgresIntrospector(db);
}

class PipelinedDriver implements Driver {
  readonly #connections: PipelinedConnection[];
  #next = 0;

  constructor(options: PoolOptions) {
    this.#connections = Array.from({ length: options.max }, () => new PipelinedConnection(options));
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    this.#next = (this.#next + 1) % this.#connections.length;
    return this.#connections[this.#next] as PipelinedConnection;
  }

  async beginTransaction(): Promise<void> {
    throw new Error('a pipelined connection runs no transactions');
  }
  commitTransaction = this.beginTransaction;
  rollbackTransaction = this.beginTransaction;

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}

class PipelinedConnection implements DatabaseConnection {
  readonly #options: PoolOptions;
  #client: Promise<pg.Client> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const client = await this.#connected();
    const name = statementName(query.sql);
    const values = [...query.parameters];
    const result = await (name === undefined
      ? client.query(query.sql, values)
      : queryNamed(client, { name, text: query.sql, values }));
    return { rows: result.rows };
  }

  // biome-ignore lint/correctness/useYield: the interface asks for it; nothing streams here.
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('a pipelined connection does not stream');
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    await client?.end();
  }

  #connected(): Promise<pg.Client> {
    this.#client ??= this.#open();
    return this.#client;
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: `holdfast-${this.#options.name}`,
      connectionTimeoutMillis: 5_000,
      pipeline: true,
      stream: () => new WholeWriteSocket(),
      types: typeParsers,
      options: SESSION_OPTIONS,
    } as pg.ClientConfig);
    const forget = () => {
      this.#client = undefined;
    };
    client.on('error', (error) => {
      forget();
      this.#options.onError(error);
    });
    client.on('end', forget);
    try {
      await client.connect();
    } catch (error) {
      forget();
      throw error;
    }
    return client;
  }
}
