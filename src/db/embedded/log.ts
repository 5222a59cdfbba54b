import { appendFileSync, renameSync, statSync } from 'node:fs';

export type Log = { write(text: string): void };

/** At most two files of that size: this one and the one before it. */
export function openLog(file: string, limit = 5 * 1024 * 1024): Log {
  let size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return {
    write(text) {
      try {
        if (size > limit) {
          renameSync(file, `${file}.old`);
          size = 0;
        }
        appendFileSync(file, text, { mode: 0o600 });
        size += Buffer.byteLength(text);
      } catch {
        // A full disk costs log lines, not the service.
      }
    },
  };
}
