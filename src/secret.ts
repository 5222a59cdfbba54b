import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, ConfigError } from './config.ts';

/** HOLDFAST_SECRET, or outside production the one generated once under the data folder, readable by the service alone. */
export async function loadSecret(config: Config, dataDir: string): Promise<Buffer> {
  if (config.secret) return config.secret;
  const path = join(dataDir, 'secret');
  await mkdir(dataDir, { recursive: true });
  if (!existsSync(path)) await placeOnce(path, `${randomBytes(32).toString('base64')}\n`);
  const secret = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64');
  if (secret.length !== 32) throw new ConfigError(`${path}: holds no secret; it must be 32 random bytes in base64`);
  return secret;
}

/** The file appears whole or not at all, and the first of several processes wins: nobody reads one half written. */
async function placeOnce(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    await file.writeFile(content);
    await file.sync();
    await file.close();
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
