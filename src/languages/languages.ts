import { IntlMessageFormat } from 'intl-messageformat';
import en from './en.json' with { type: 'json' };
import zhCN from './zh-CN.json' with { type: 'json' };

export const locales = ['en', 'zh-CN'] as const;
export type Locale = (typeof locales)[number];
export type TextKey = keyof typeof en;
export type TextValues = Readonly<Record<string, string | number>>;

const catalogues: Record<Locale, Record<TextKey, string>> = { en, 'zh-CN': zhCN };
const maxRanges = 20;
const compiled = new Map<string, IntlMessageFormat>();

/** Plain text: nothing is escaped here, whoever puts it into HTML does that. */
export function text(locale: Locale, key: TextKey, values?: TextValues): string {
  return String(message(locale, key).format(values));
}

function message(locale: Locale, key: TextKey): IntlMessageFormat {
  const id = `${locale} ${key}`;
  const known = compiled.get(id);
  if (known) return known;
  const fresh = new IntlMessageFormat(catalogues[locale][key], locale, undefined, { ignoreTag: true });
  compiled.set(id, fresh);
  return fresh;
}

/** RFC 9110 §12.5.4, with the account's own choice first. */
export function pickLocale(acceptLanguage: string | undefined, preferred?: string | null): Locale {
  const own = preferred ? matchLocale(preferred) : undefined;
  if (own) return own;
  if (!acceptLanguage) return 'en';
  for (const range of rangesByQuality(acceptLanguage)) {
    const locale = matchLocale(range);
    if (locale) return locale;
  }
  return 'en';
}

function rangesByQuality(header: string): string[] {
  return header
    .split(',', maxRanges)
    .map(parseRange)
    .filter((range) => range.quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map((range) => range.tag);
}

function parseRange(part: string): { tag: string; quality: number } {
  const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  if (weight === undefined) return { tag, quality: 1 };
  return { tag, quality: /^q=(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight.slice(2)) : 0 };
}

/** Traditional Chinese (zh-TW, zh-HK, zh-Hant) is not claimed: such browsers also send a plain `zh`. */
function matchLocale(tag: string): Locale | undefined {
  const range = tag.toLowerCase();
  if (range === '*' || range === 'en' || range.startsWith('en-')) return 'en';
  if (/^zh(-(cn|sg|my|hans(-[a-z0-9-]*)?))?$/.test(range)) return 'zh-CN';
  return undefined;
}
