import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the holder of the lock says about itself; stale as soon as nobody holds the lock. */
type Presence = { pid: number; url?: string };

export function writePresence(home: string, presence: Presence): void {
  const file = join(home, 'service.json');
  writeFileSync(`${file}.new`, JSON.stringify(presence), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function readPresence(home: string): Presence | undefined {
  try {
    return JSON.parse(readFileSync(join(home, 'service.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
