const SHORTEST = 3;

/** What fingers and counting run along: the alphabet, digits, the rows and columns of keyboards and number pads, zigzags. */
const lines = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890123456789',
  '`1234567890-=',
  'qwertyuiop[]\\',
  "asdfghjkl;'",
  'zxcvbnm,./',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  '1qazxsw23edcvfr45tgbnhy67ujm,ki89ol.',
  'qazwsxedcrfvtgbyhnujmikolp',
  'qazxswedcvfrtgbnhyujm',
  '1qa2ws3ed4rf5tg6yh7uj8ik9ol0p',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  '1a2b3c4d5e6f7g8h9i0j',
  'a1b2c3d4e5f6g7h8i9j0',
  'qawsedrftgyhujikolp',
  'aqswdefrgthyjukilop',
  'azsxdcfvgbhnjmk',
  '147258369',
  '741852963',
  '789456123',
  '321654987',
  '159357',
  '112233445566778899001122',
  'aabbccddeeffgghhiijjkk',
  '13579246801357924680',
];

const shifted = new Map(Array.from('!@#$%^&*()_+{}|:"<>?~', (sign, place) => [sign, "1234567890-=[]\\;',./`"[place]]));

/** The text as the same keys give it without Shift: `!@#$` is a run along a row too. */
export function unshift(text: string): string {
  return Array.from(text, (sign) => shifted.get(sign) ?? sign).join('');
}

let known: Set<string> | undefined;

/** Whether this is one character again and again, or a piece of a line, forwards or backwards, of three or more. */
export function isRun(text: string): boolean {
  if (text.length < SHORTEST) return false;
  if (text === text.charAt(0).repeat(text.length)) return true;
  known ??= new Set(lines.flatMap((line) => [line, Array.from(line).reverse().join('')]).flatMap(piecesOf));
  return known.has(text);
}

function piecesOf(line: string): string[] {
  return Array.from(line, (_, from) =>
    Array.from({ length: Math.max(0, line.length - from - SHORTEST + 1) }, (_, more) =>
      line.slice(from, from + SHORTEST + more),
    ),
  ).flat();
}
