import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './error.ts';

export async function findPassword(home: string): Promise<string> {
  const file = join(home, 'password');
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new EmbeddedPostgresError(`The database's password cannot be read from ${file}: restore it from a backup.`, {
      cause,
    });
  }
}

/** On disk before the cluster that needs it. */
export async function makePassword(home: string): Promise<string> {
  const password = randomBytes(32).toString('base64url');
  await writeFile(join(home, 'password'), password, { mode: 0o600, flush: true });
  return password;
}
