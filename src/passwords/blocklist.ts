import { readFileSync } from 'node:fs';
import { dictionary } from '@zxcvbn-ts/language-common';
import { isCovered } from './cover.ts';

/** So many of the list's first entries are tried in pairs too. */
const TRIED_IN_PAIRS = 5_000;
/** Two of the words tried in pairs, or one of the others; a few runs, dates, digits and signs beside them. */
const MOST = { words: 2, trifles: 4 };
/** Digits alone are all trifles: only few and long ones tell a birthday or a run from any number. */
const MOST_IN_DIGITS = { words: 0, trifles: 2 };
const LONGEST_UNIT = 6;
const SHORTEST_NUMBER = 5;

type Blocklist = { words: Map<string, number>; numbers: Set<string>; listed: Set<string> };
let blocklist: Blocklist | undefined;

function load(): Blocklist {
  const listed = (dictionary['passwords-common'] ?? []).map((entry) => String(entry).toLowerCase());
  const words = new Map(listed.map((word, rank) => [word, rank < TRIED_IN_PAIRS ? 1 : 2]));
  for (const word of words.keys()) if (word.length < 3) words.delete(word);
  const own = readOwnWords();
  for (const word of own.words) words.set(word, 1);
  return { words, numbers: new Set(own.numbers), listed: new Set([...listed, ...own.words, ...own.numbers]) };
}

/** Our list of what others lack: pinyin, numbers that sound like words, names, long phrases. `#` begins a heading. */
function readOwnWords(): { words: string[]; numbers: string[] } {
  const lines = readFileSync(new URL('own-words.txt', import.meta.url), 'utf8').split('\n');
  const all = lines.filter((line) => !line.startsWith('#')).flatMap((line) => line.split(/\s+/).filter(Boolean));
  return {
    words: all.filter((word) => !/^\d+$/.test(word)),
    numbers: all.filter((word) => /^\d+$/.test(word)),
  };
}

/**
 * Whether the whole password (folded) is one of those that are tried first: listed, or made of nothing but two common
 * words, of runs along the keyboard, dates and a few digits and signs, or of one short piece again and again (ASVS 6.2.4).
 */
export function isCommonPassword(password: string): boolean {
  blocklist ??= load();
  if (blocklist.listed.has(password)) return true;
  const unit = unitOf(password);
  if (unit.length < password.length && (unit.length <= LONGEST_UNIT || blocklist.listed.has(unit))) return true;
  if (/^\d+$/.test(unit)) return isCovered(unit, commonWordCost, { ...MOST_IN_DIGITS, isTrifle: isListedNumber });
  return isCovered(unit, commonWordCost, { ...MOST, isTrifle: isNumberWord });
}

/** What of the allowance for words this one takes; undefined for what is not common. */
export function commonWordCost(word: string): number | undefined {
  blocklist ??= load();
  return blocklist.words.get(word);
}

/** Whether this number stands for words, as 520 does: strewn over passwords as single digits are. */
export function isNumberWord(piece: string): boolean {
  blocklist ??= load();
  return blocklist.numbers.has(piece);
}

function isListedNumber(piece: string): boolean {
  return isNumberWord(piece) || (piece.length >= SHORTEST_NUMBER && commonWordCost(piece) !== undefined);
}

/** The shortest piece that makes the password when repeated, cut off where it ends; itself where there is none. */
function unitOf(password: string): string {
  for (let size = 1; size <= password.length / 2; size += 1) {
    const unit = password.slice(0, size);
    if (password === unit.repeat(Math.ceil(password.length / size)).slice(0, password.length)) return unit;
  }
  return password;
}
