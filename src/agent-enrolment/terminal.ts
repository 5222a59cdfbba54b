import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Whoever sits there. What they type hidden is not shown. */
export type Terminal = {
  ask(question: string, how: 'shown' | 'hidden'): Promise<string>;
  print(line: string): void;
  close(): void;
};

/** On the process's own streams; where they end, what is asked is answered with nothing. */
export function openTerminal(print: (line: string) => void): Terminal {
  let isHidden = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isHidden) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY === true });
  const typed = lines[Symbol.asyncIterator]();
  return {
    async ask(question, how) {
      process.stderr.write(question);
      isHidden = how === 'hidden';
      const { value } = await typed.next();
      isHidden = false;
      if (how === 'hidden') process.stderr.write('\n');
      return value ?? '';
    },
    print,
    close: () => lines.close(),
  };
}
