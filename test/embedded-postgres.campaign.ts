import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { usableBinaries } from '../src/db/embedded/binaries.ts';
import { findEmbeddedPostgres } from '../src/db/embedded/embedded.ts';
import { prepareHome } from '../src/db/embedded/home.ts';
import { openLog } from '../src/db/embedded/log.ts';
import { findPackage, linkLibraries } from '../src/db/embedded/package.ts';
import { everythingIn } from '../src/db/embedded/tree.ts';
import { databaseUser } from '../src/db/embedded/user.ts';
import {
  connect,
  isAlive,
  isRoot,
  place,
  postmasterPid,
  query,
  setting,
  socketFolderOf,
  start,
  timed,
  undo,
  useFreshPlace,
} from './fixtures/embedded.ts';

useFreshPlace();

describe('an embedded Postgres', () => {
  it('starts fresh, keeps a row over a second start and says how long both took', async () => {
    const first = await timed('first start', start);
    await query(first.url, 'CREATE TABLE kept (word text)');
    await query(first.url, "INSERT INTO kept VALUES ('here')");
    await first.stop();
    const second = await timed('second start', start);
    expect(second.url).toBe(first.url);
    expect(second.notice).toBeUndefined();
    expect(await query(second.url, 'SELECT word FROM kept')).toEqual([{ word: 'here' }]);
  });

  it('promises durability, checksums and UTF-8, and its role is no superuser', async () => {
    const { url } = await start();
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums'];
    for (const name of names) expect(await setting(url, name), name).toBe('on');
    expect(await setting(url, 'server_encoding')).toBe('UTF8');
    expect(Number(await setting(url, 'max_connections'))).toBeGreaterThanOrEqual(100);
    expect(await query(url, "SELECT rolsuper FROM pg_roles WHERE rolname = 'holdfast'")).toEqual([{ rolsuper: false }]);
    expect(await query(url, "SELECT lower('ÄÉ') AS low")).toEqual([{ low: 'äé' }]);
  });

  it('stops once for many callers, and stops even while clients are connected', async () => {
    const embedded = await start();
    const pid = postmasterPid();
    const client = await connect(embedded.url);
    await Promise.all([embedded.stop(), embedded.stop()]);
    await expect(client.query('SELECT 1')).rejects.toThrow();
    expect(isAlive(pid)).toBe(false);
  });

  it('makes another database on demand, and one for tests that need not last', async () => {
    const { url } = await start({ database: 'other "name"', durable: false });
    expect(await query(url, 'SELECT current_database() AS name')).toEqual([{ name: 'other "name"' }]);
    expect(await setting(url, 'fsync')).toBe('off');
  });

  it('reaches its socket in a short folder when the data lies at a very long path', async () => {
    place.dataDir = join(place.folder, 'long'.repeat(30), 'data');
    const embedded = await start();
    const socketFolder = socketFolderOf(embedded.url);
    expect(socketFolder).toMatch(/^\/tmp\/holdfast-/);
    expect(statSync(socketFolder).mode & 0o777).toBe(0o700);
    await embedded.stop();
    expect(existsSync(socketFolder)).toBe(false);
  });
});

describe('the binaries', () => {
  it('are copied once, for reading only, where node_modules is closed or cannot take the symlinks', async () => {
    const original = findPackage();
    const closed = join(place.folder, 'closed', 'native');
    cpSync(original.native, closed, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
    chmodSync(isRoot ? closed : join(closed, 'lib'), isRoot ? 0o700 : 0o555);
    const from = { ...original, native: closed };

    const home = await prepareHome(place.dataDir, databaseUser());
    const copy = await timed('copy of the binaries', () => usableBinaries(from, home, databaseUser()));
    expect(copy).toBe(join(home, `binaries-${original.version}`, 'native'));
    for await (const path of everythingIn(copy)) expect(statSync(path).mode & 0o022, path).toBe(0);
    const made = statSync(copy).ctimeMs;
    expect(await usableBinaries(from, home, databaseUser())).toBe(copy);
    expect(statSync(copy).ctimeMs).toBe(made);
    chmodSync(join(closed, 'lib'), 0o755);
  });

  it('may get their symlinks from several processes at once', async () => {
    const native = join(place.folder, 'package', 'native');
    cpSync(findPackage().native, native, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
    expect(await Promise.all([1, 2, 3].map(() => linkLibraries(native)))).toEqual([true, true, true]);
    expect(readlinkSync(join(native, 'lib', process.platform === 'linux' ? 'libpq.so.5' : 'libpq.5.dylib'))).toMatch(
      /^libpq/,
    );
  });
});

describe('strangers', () => {
  it('are refused without the password, and listen nowhere near', async () => {
    const { url } = await start();
    expect(await setting(url, 'listen_addresses')).toBe('');
    for (const password of ['', 'guessed']) {
      const stranger = new URL(url);
      stranger.password = password;
      await expect(query(stranger.href, 'SELECT 1'), `password "${password}"`).rejects.toThrow(
        /password|authentication/i,
      );
    }
  });

  it('cannot pass the folder of the socket nor read any secret', async () => {
    const { url } = await start();
    expect(statSync(socketFolderOf(url)).mode & 0o077).toBe(0);
    for (const name of ['password', 'service.json', 'lock', 'postgres.log']) {
      expect(statSync(join(place.dataDir, 'postgres', name)).mode & 0o077, name).toBe(0);
    }
    expect(statSync(place.dataDir).mode & 0o066).toBe(0);
  });

  it.runIf(isRoot)('of another uid fail to reach the socket that the service reaches', async () => {
    const { url } = await start();
    const socket = join(socketFolderOf(url), '.s.PGSQL.5432');
    const look = (uid: number) => execFileSync('/bin/sh', ['-c', 'test -S "$1"', 'sh', socket], { uid, cwd: '/' });
    expect(() => look(0)).not.toThrow();
    expect(() => look(54_321)).toThrow();
  });
});

describe('the operator reads one sentence', () => {
  it('about data of another major version', async () => {
    await (await start()).stop();
    writeFileSync(join(place.dataDir, 'postgres/cluster/PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow(/made by Postgres 17 .* brings Postgres 18/);
  });

  it('about a lost password, and about a platform without binaries', async () => {
    await (await start()).stop();
    rmSync(join(place.dataDir, 'postgres/password'));
    await expect(start()).rejects.toThrow(/password cannot be read from .*restore/);
    expect(() => findPackage('plan9-mips')).toThrow(/no Postgres for plan9-mips .*DATABASE_URL/);
  });

  it('about a folder that cannot be made', async () => {
    writeFileSync(join(place.folder, 'file'), '');
    place.dataDir = join(place.folder, 'file');
    await expect(start()).rejects.toThrow(/cannot write its data folder .*HOLDFAST_DATA/);
  });

  it('in a log that never outgrows two files', () => {
    const file = join(place.folder, 'log');
    const log = openLog(file, 1000);
    for (let n = 0; n < 500; n++) log.write(`${n} ${'x'.repeat(50)}\n`);
    expect(statSync(file).size).toBeLessThan(1200);
    expect(statSync(`${file}.old`).size).toBeLessThan(1200);
    expect(readFileSync(file, 'utf8')).toContain('499 ');
  });
});

describe.runIf(isRoot)('started by root', () => {
  it('runs Postgres as another user and takes over files that a restore left to root', async () => {
    const embedded = await start();
    await query(embedded.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await embedded.stop();
    execFileSync('chown', ['-R', 'root:root', place.dataDir]);
    const again = await start();
    expect(await query(again.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    expect(statSync(`/proc/${postmasterPid()}`).uid).not.toBe(0);
  });

  it('under a closed folder refuses explicit data and names folder, user and remedy', async () => {
    chmodSync(place.folder, 0o700);
    await expect(start()).rejects.toThrow(
      new RegExp(`user "\\w+" cannot enter ${place.folder}, .*HOLDFAST_DATA=.*chmod o\\+x ${place.folder}`),
    );
    expect(existsSync(place.dataDir)).toBe(false);
  });

  it('under a closed folder moves default data, says so, and finds it again later', async () => {
    chmodSync(place.folder, 0o700);
    const moved = await start({ explicit: false });
    undo.unshift(() => rmSync(moved.dataDir, { recursive: true, force: true }));
    expect(moved.dataDir).toMatch(/^\/var\/lib\/holdfast\//);
    expect(moved.notice).toMatch(new RegExp(`cannot enter ${place.folder}, so the data is kept in ${moved.dataDir}`));
    expect(await findEmbeddedPostgres(place.dataDir)).toMatchObject({ url: moved.url });
    await moved.stop();

    chmodSync(place.folder, 0o755);
    const later = await start({ explicit: false });
    expect(later.dataDir).toBe(moved.dataDir);
    expect(later.notice).toContain(moved.dataDir);
  });

  it('refuses to begin anew elsewhere when the folder above existing data was closed', async () => {
    await (await start({ explicit: false })).stop();
    chmodSync(place.folder, 0o700);
    await expect(start({ explicit: false })).rejects.toThrow(/cannot enter .* so it cannot reach the data in/);
  });

  it('refuses data in a folder that a stranger owns', async () => {
    await (await start()).stop();
    execFileSync('chown', ['54321', join(place.dataDir, 'postgres')]);
    await expect(start()).rejects.toThrow(/belongs to the user with uid 54321/);
  });
});
