import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, ConfigError } from './config.ts';

/** HOLDFAST_SECRET, or outside production the one generated once under the data folder, readable by the service alone. */
export async function loadSecret(config: Config, dataDir: string): Promise<Buffer> {
  if (config.secret) return config.secret;
  const path = join(dataDir, 'secret');
  await mkdir(dataDir, { recursive: true });
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(`${randomBytes(32).toString('base64')}\n`);
    await file.sync();
    await file.close();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const secret = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64');
  if (secret.length !== 32) throw new ConfigError(`${path}: holds no secret; it must be 32 random bytes in base64`);
  return secret;
}
