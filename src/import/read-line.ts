import { type NewAccount, readAccount } from './account-line.ts';
import { LineFault } from './fault.ts';
import type { Hints } from './formats/format.ts';
import { type FormatName, formats } from './formats/formats.ts';

/** Every address of the file was confirmed by whoever kept it, where a line does not say. */
export type Reading = { format: FormatName; hints: Hints & { isConfirmed?: boolean } };

/** The account of one line. Throws LineFault for what cannot become one. */
export function readLine(text: string, { format, hints }: Reading, now: Date): NewAccount {
  const account = formats[format](parse(text), hints);
  return readAccount(hints.isConfirmed ? { ...(account as object), emailConfirmed: true } : account, now);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new LineFault('', 'is not JSON');
  }
}
