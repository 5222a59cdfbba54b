import { spawn } from 'node:child_process';
import { chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findEmbeddedPostgres } from '../src/db/embedded/embedded.ts';
import { EmbeddedPostgresError } from '../src/db/embedded/error.ts';
import {
  connect,
  isAlive,
  isRoot,
  kill,
  place,
  postmasterPid,
  query,
  queryWhenBack,
  runService,
  start,
  timed,
  undo,
  useFreshPlace,
} from './fixtures/embedded.ts';

useFreshPlace();

describe('a second service on the same data', () => {
  it('is refused with the pid of the first, in another process and in this one', async () => {
    await start();
    const second = await runService();
    expect(second.said.error).toMatch(new RegExp(`already runs on the data in .* \\(process ${process.pid}\\)`));
    await expect(start()).rejects.toThrow(EmbeddedPostgresError);
    expect((await runService()).said.error, 'the refusal in this process did not free the lock').toMatch(/already/);
  });

  it('lets exactly one of four win that start at once on a fresh folder', async () => {
    const services = await Promise.all([1, 2, 3, 4].map(() => runService()));
    expect(services.filter(({ said }) => said.url)).toHaveLength(1);
    expect(services.filter(({ said }) => /already runs/.test(said.error ?? ''))).toHaveLength(3);
  });

  it('is found by commands only while it lives', async () => {
    expect(await findEmbeddedPostgres(place.dataDir)).toBeUndefined();
    const service = await runService();
    expect(await findEmbeddedPostgres(place.dataDir)).toMatchObject({ url: service.said.url });
    await kill(service.process);
    expect(await findEmbeddedPostgres(place.dataDir)).toBeUndefined();
    const embedded = await start();
    expect(await findEmbeddedPostgres(place.dataDir)).toMatchObject({ url: embedded.url });
    expect((await runService()).said.error, 'looking did not free the lock').toMatch(/already/);
  });
});

describe('after kill -9', () => {
  it('of the service the next start stops the orphan and has every acknowledged row', async () => {
    const service = await runService();
    const url = service.said.url ?? '';
    await query(url, 'CREATE TABLE kept (n int)');
    for (let n = 0; n < 20; n++) await query(url, `INSERT INTO kept VALUES (${n})`);
    const orphan = postmasterPid();
    await kill(service.process);
    expect(isAlive(orphan)).toBe(true);
    const next = await timed('start over an orphan', start);
    expect(isAlive(orphan)).toBe(false);
    expect(await query(next.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 20 }]);
  });

  it('of the service and then of its orphan the next start recovers', async () => {
    const service = await runService();
    await query(service.said.url ?? '', 'CREATE TABLE kept AS SELECT 1 AS n');
    await kill(service.process);
    process.kill(postmasterPid(), 'SIGKILL');
    expect(await query((await start()).url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('of Postgres it is back at the same url by itself, twice', async () => {
    const { url } = await start();
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS n');
    for (const round of ['first', 'second']) {
      const client = await connect(url);
      const dropped = new Promise((resolve) => client.once('end', resolve));
      process.kill(postmasterPid(), 'SIGKILL');
      await dropped;
      const rows = await timed(`back after the ${round} kill`, () => queryWhenBack(url, 'SELECT n FROM kept'));
      expect(rows).toEqual([{ n: 1 }]);
    }
  });

  it('of Postgres a stop that comes at once leaves nothing running', async () => {
    const embedded = await start();
    const pid = postmasterPid();
    process.kill(pid, 'SIGKILL');
    await embedded.stop();
    expect(isAlive(pid)).toBe(false);
    await start();
  });

  it('leaves alone a program that got the pid of the dead Postgres', async () => {
    await (await start()).stop();
    const cluster = join(place.dataDir, 'postgres/cluster');
    const { uid, gid } = statSync(cluster);
    const innocent = spawn('sleep', ['60'], isRoot ? { uid } : {});
    undo.push(() => kill(innocent));
    const pidFile = join(cluster, 'postmaster.pid');
    writeFileSync(pidFile, `${innocent.pid}\n${cluster}\n`, { mode: 0o600 });
    chownSync(pidFile, uid, gid);
    await start();
    expect(innocent.signalCode).toBeNull();
    expect(isAlive(innocent.pid ?? 0)).toBe(true);
  });

  it('ends with the process that exits without stopping it', async () => {
    const service = await runService('exit');
    const pid = postmasterPid();
    await service.exited;
    await start();
    expect(isAlive(pid)).toBe(false);
  });
});
