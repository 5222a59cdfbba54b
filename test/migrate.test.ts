import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { databaseUrl } from './support/global-setup.ts';
import { run } from './support/process.ts';

const names = readdirSync(new URL('../migrations/', import.meta.url))
  .filter((name) => name.endsWith('.sql'))
  .sort();
const server = inject('databaseServer');
const made: string[] = [];
let url = '';

async function query(at: string, sql: string) {
  const client = new pg.Client({ connectionString: at });
  await client.connect();
  return (await client.query(sql).finally(() => client.end())).rows;
}

beforeEach(async () => {
  const name = `migrate_${randomBytes(6).toString('hex')}`;
  await query(server, `create database ${name}`);
  made.push(name);
  url = databaseUrl(server, name);
});
afterAll(async () => {
  for (const name of made) await query(server, `drop database ${name} with (force)`);
});

const migrate = () => run(['migrate'], { DATABASE_URL: url });

describe('migrate', () => {
  it('applies each migration once when three start at once on an empty database', async () => {
    const finished = await Promise.all([migrate(), migrate(), migrate()]);
    expect(finished.map(({ code, stderr }) => [code, stderr])).toEqual(Array(3).fill([0, '']));
    const said = finished.map(({ stdout }) => stdout.trim()).sort();
    expect(said).toEqual([`Applied ${names.join(', ')}`, 'The database is up to date', 'The database is up to date']);
    const applied = await query(url, 'select name from schema_migrations order by version');
    expect(applied.map(({ name }) => name)).toEqual(names);
  });

  it('refuses a newer database in one clear sentence, as does serve, and leaves it alone', async () => {
    await migrate();
    await query(url, "insert into schema_migrations (version, name) values (999, '0999_later.sql')");
    for (const finished of [await migrate(), await run(['serve'], { DATABASE_URL: url, PORT: '0' })]) {
      const sentence = `The database is at version 999, this program knows ${names.length}. Start the newer Holdfast instead.`;
      expect(finished).toEqual({ code: 1, stdout: '', stderr: `${sentence}\n` });
    }
    expect(await query(url, 'select count(*)::int as n from schema_migrations')).toEqual([{ n: names.length + 1 }]);
  });

  it('leaves nothing of a migration that fails', async () => {
    // Something of the operator's own stands where a later migration wants to make a table.
    await query(url, 'create table transactions (mine integer)');
    const failed = await migrate();
    expect(failed.code).toBe(1);
    const stopped = names.findIndex((name) => name.includes('transactions'));
    const applied = await query(url, 'select name from schema_migrations order by version');
    expect(applied.map(({ name }) => name)).toEqual(names.slice(0, stopped));
    await query(url, 'drop table transactions');
    expect((await migrate()).stdout.trim()).toBe(`Applied ${names.slice(stopped).join(', ')}`);
  });
});
