import { isRun, unshift } from './keyboard.ts';

/** How much of the allowance for words this one takes, 0 for none; undefined for what is no word of the list. */
export type WordCost = (word: string) => number | undefined;
/** `isTrifle` says which pieces are trifles beside those that always are. */
type Allowance = { words: number; trifles: number; isTrifle: (piece: string) => boolean };

const LONGEST = 40;
const DATE =
  /^(?:(?:19|20)\d\d(?:0?[1-9]|1[0-2])(?:0?[1-9]|[12]\d|3[01])|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:19|20)\d\d|(?:19|20)\d\d|\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))$/;
const SIGN = /^[\d\p{P}\p{S}\s]$/u;

/**
 * Whether the whole text splits into words, within the allowance for them, and trifles: runs along the keyboard, dates,
 * single digits and signs. A letter that belongs to none of them makes it a text of its own.
 */
export function isCovered(text: string, costOf: WordCost, allowance: Allowance): boolean {
  const { words, trifles } = allowance;
  const readings = readingsOf(text);
  const plain = unshift(text);
  // For each place and each number of words spent, the fewest trifles that lead there.
  const fewest = Array.from({ length: text.length + 1 }, () => new Array<number>(words + 1).fill(Infinity));
  (fewest[0] as number[])[0] = 0;

  const reach = (place: number, spent: number, count: number) => {
    const row = fewest[place] as number[];
    if (spent <= words && count <= trifles && count < (row[spent] as number)) row[spent] = count;
  };

  for (let from = 0; from < text.length; from += 1) {
    const here = fewest[from] as number[];
    if (here.every((count) => count === Infinity)) continue;
    for (let to = from + 1; to <= Math.min(text.length, from + LONGEST); to += 1) {
      const cost = cheapest(
        readings.map((reading) => reading.slice(from, to)),
        costOf,
      );
      const piece = text.slice(from, to);
      const isTrifle = allowance.isTrifle(piece) || isTrifling(piece, plain.slice(from, to));
      for (const [spent, count] of here.entries()) {
        if (cost !== undefined) reach(to, spent + cost, count);
        if (isTrifle) reach(to, spent, count + 1);
      }
    }
  }
  return (fewest[text.length] as number[]).some((count) => count !== Infinity);
}

function isTrifling(text: string, plain: string): boolean {
  return (text.length === 1 && SIGN.test(text)) || isRun(text) || isRun(plain) || DATE.test(text);
}

function cheapest(slices: string[], costOf: WordCost): number | undefined {
  const costs = slices.map(costOf).filter((cost) => cost !== undefined);
  return costs.length === 0 ? undefined : Math.min(...costs);
}

const leet = { '@': 'a', '4': 'a', '8': 'b', '3': 'e', '6': 'g', '0': 'o', '5': 's', $: 's', '7': 't', '2': 'z' };
const ambiguous = ['i', 'l'].map((one) => new Map(Object.entries({ ...leet, '1': one, '!': one, '|': one })));

/** The text itself, and with signs read as the letters they stand for; all of one length. */
export function readingsOf(text: string): string[] {
  const written = ambiguous.map((signs) =>
    text
      .split('')
      .map((sign) => signs.get(sign) ?? sign)
      .join(''),
  );
  return [...new Set([text, ...written])];
}
