import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedPostgresError } from './error.ts';

/*
 * Node has no flock. SQLite's lock is the kernel's own: it ends with the process, however that ends,
 * holds between containers on one volume, and cannot be confused by a reused pid.
 */
const held = new Set<DatabaseSync>(); // a collected handle would free its lock
const busy = 5;

/** Answers how to release it, or undefined when a live process holds it. */
export function takeLock(home: string): (() => void) | undefined {
  const file = join(home, 'lock');
  // Private, as a reader's lock would stop us. Never opened again: closing any handle ends this process's own lock.
  if (!existsSync(file)) writeFileSync(file, '', { mode: 0o600 });
  const lock = new DatabaseSync(file, { timeout: 300 }); // outlasts a glance of isLocked
  if (!succeeds(lock, 'BEGIN EXCLUSIVE')) return undefined;
  held.add(lock);
  return () => {
    if (held.delete(lock)) lock.close();
  };
}

export function isLocked(home: string): boolean {
  const file = join(home, 'lock');
  if (!existsSync(file)) return false;
  refuseUnreadable(file);
  const lock = new DatabaseSync(file, { readOnly: true });
  if (!succeeds(lock, 'SELECT 1 FROM sqlite_schema')) return true;
  lock.close();
  return false;
}

function refuseUnreadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new EmbeddedPostgresError(`The data in ${dirname(file)} belongs to another user: run this as that user.`, {
      cause,
    });
  }
}

function succeeds(lock: DatabaseSync, statement: string): boolean {
  try {
    lock.exec(statement);
    return true;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode === busy) return false;
    throw error;
  }
}
