import type { BadLine } from './batch.ts';
import type { Tally } from './import.ts';
import { showProgress } from './progress.ts';
import type { Source } from './source.ts';

/** Bad lines said one by one before it is enough. */
const MOST_SAID = 20;
const EVERY_MS = 5_000;

/** Shows how far an import is: a bar on a terminal, else a line now and then. */
export function openProgress(source: Source, out: NodeJS.WriteStream) {
  const began = performance.now();
  let from: number | undefined;
  let said = 0;
  let saidAt = began;

  const clear = () => {
    if (out.isTTY) out.write('\r\x1b[K');
  };
  return {
    tell(tally: Tally, bad: readonly BadLine[]): void {
      clear();
      for (const line of bad) if (said++ < MOST_SAID) out.write(`${describe(line)}\n`);
      if (said - bad.length < MOST_SAID && said >= MOST_SAID)
        out.write('More are counted; --errors FILE keeps them all.\n');
      const now = performance.now();
      from ??= Math.max(0, tally.line - 1_000);
      const share = source.size === undefined ? undefined : Math.min(1, source.bytesRead() / Math.max(1, source.size));
      const text = showProgress({ ...tally, share, done: tally.line - from, seconds: (now - began) / 1000 });
      if (out.isTTY) out.write(text);
      else if (now - saidAt > EVERY_MS) {
        out.write(`${text}\n`);
        saidAt = now;
      }
    },
    end: clear,
  };
}

const describe = ({ line, field, reason }: BadLine) => `line ${line}: ${field === '' ? 'the line' : field} ${reason}`;
