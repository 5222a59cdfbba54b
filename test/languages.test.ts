import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, it } from 'vitest';
import en from '../src/languages/en.json' with { type: 'json' };
import { type locales, pickLocale, text } from '../src/languages/languages.ts';
import { formatDuration, formatInstant } from '../src/languages/times.ts';
import zhCN from '../src/languages/zh-CN.json' with { type: 'json' };

type Node = { type: number; value?: string; options?: Record<string, { value: Node[] }>; children?: Node[] };

const literal = 0;
const choices = { select: 5, plural: 6 };

describe('catalogues', () => {
  it('have the same keys in every language', () => {
    expect(Object.keys(zhCN).sort()).toEqual(Object.keys(en).sort());
  });

  it.each(Object.keys(en))('%s takes the same values in every language', (key) => {
    const other = zhCN[key as keyof typeof zhCN];
    expect(parameters(other, 'zh-CN')).toEqual(parameters(en[key as keyof typeof en], 'en'));
  });

  it('translates everything', () => {
    const same = Object.entries(en).filter(([key, value]) => zhCN[key as keyof typeof zhCN] === value);
    expect(same.filter(([, value]) => /[a-z]/.test(value))).toEqual([]);
  });
});

describe('text', () => {
  it('chooses plurals in both languages', () => {
    const left = (locale: (typeof locales)[number], count: number) =>
      text(locale, 'mail.recovery-code-used.body', { left: count });
    expect(left('en', 1)).toContain('1 code is left');
    expect(left('en', 7)).toContain('7 codes are left');
    expect(left('zh-CN', 1)).toContain('只剩 1 个');
    expect(left('zh-CN', 7)).toContain('还剩 7 个');
  });

  it('puts values in as they are, braces and tags included', () => {
    expect(text('en', 'mail.password-changed.subject', { service: '<b>{x}</b>' })).toBe(
      'Your <b>{x}</b> password was changed',
    );
  });
});

describe('pickLocale', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['zh', 'zh-CN'],
    ['zh-CN', 'zh-CN'],
    ['ZH-hans-CN', 'zh-CN'],
    ['zh-Hans', 'zh-CN'],
    ['zh-TW', 'en'],
    ['zh-TW,zh;q=0.9,en;q=0.8', 'zh-CN'],
    ['en-GB,zh;q=0.9', 'en'],
    ['en;q=0.5, zh-CN;q=0.8', 'zh-CN'],
    ['fr, zh-CN;q=0.3', 'zh-CN'],
    ['zh-CN;q=0, en;q=0.1', 'en'],
    ['*', 'en'],
    ['zh-CN;q=5', 'en'],
    ['zhongwen', 'en'],
    [';;,,;q=', 'en'],
  ])('reads %j as %s', (header, locale) => {
    expect(pickLocale(header)).toBe(locale);
  });

  it('reads only the first ranges of an endless header', () => {
    expect(pickLocale(`${'x,'.repeat(50_000)}zh`)).toBe('en');
  });

  it('takes the choice kept with the account first', () => {
    expect(pickLocale('en', 'zh-CN')).toBe('zh-CN');
    expect(pickLocale('zh-CN', 'en')).toBe('en');
    expect(pickLocale('zh-CN', 'tlh')).toBe('zh-CN');
    expect(pickLocale('zh-CN', null)).toBe('zh-CN');
  });
});

describe('times', () => {
  const at = new Date('2026-11-02T04:05:59Z');

  it('always shows the zone', () => {
    expect(formatInstant('en', at)).toBe('2 November 2026, 04:05 UTC');
    expect(formatInstant('zh-CN', at)).toBe('2026年11月2日 04:05（UTC）');
    expect(formatInstant('en', at, 'Asia/Shanghai')).toBe('2 November 2026, 12:05 GMT+8');
  });

  it('says durations in the largest whole unit', () => {
    expect(formatDuration('en', 60)).toBe('1 minute');
    expect(formatDuration('en', 1800)).toBe('30 minutes');
    expect(formatDuration('en', 86_400)).toBe('24 hours');
    expect(formatDuration('en', 14 * 86_400)).toBe('14 days');
    expect(formatDuration('en', 90)).toBe('2 minutes');
    expect(formatDuration('zh-CN', 1800)).toBe('30分钟');
  });
});

/** Each ICU value with its kind, and for a select its choices: those must not differ between languages. */
function parameters(source: string, locale: string): string[] {
  const ast = new IntlMessageFormat(source, locale, undefined, { ignoreTag: true }).getAst() as unknown as Node[];
  return [...new Set(ast.flatMap(parametersOf))].sort();
}

function parametersOf(node: Node): string[] {
  if (node.type === literal || node.value === undefined) return [];
  const options = Object.entries(node.options ?? {});
  const named = node.type === choices.select ? ` ${options.map(([name]) => name).sort()}` : '';
  return [`${node.value}:${node.type}${named}`, ...options.flatMap(([, option]) => option.value.flatMap(parametersOf))];
}
