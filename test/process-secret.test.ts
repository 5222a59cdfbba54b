import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { loadSecret } from '../src/secret.ts';
import { newFolder } from './support/process.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => folder.remove());

const load = (env: Record<string, string> = {}) => loadSecret(readConfig(env), join(folder.path, 'data'));

describe('the secret of an installation', () => {
  it('is made once, whole, by one of sixteen who start at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 16 }, () => load()));
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(1);
    expect(secrets[0]).toHaveLength(32);
    expect(await load()).toEqual(secrets[0]);
    const path = join(folder.path, 'data');
    expect(readdirSync(path)).toEqual(['secret']);
    expect(statSync(join(path, 'secret')).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(join(path, 'secret'), 'utf8'), 'base64')).toEqual(secrets[0]);
  });

  it('comes from the environment where it is set, and no file is made', async () => {
    const given = Buffer.alloc(32, 7);
    expect(await load({ HOLDFAST_SECRET: given.toString('base64') })).toEqual(given);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('is not guessed from a file that holds none', async () => {
    await load();
    writeFileSync(join(folder.path, 'data/secret'), 'short\n');
    await expect(load()).rejects.toThrow('holds no secret');
  });
});
