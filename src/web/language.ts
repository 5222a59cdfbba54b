import type { Context as HonoContext } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Env } from '../http.ts';
import { type Locale, locales, pickLocale } from '../languages/languages.ts';

const LANGUAGE = 'holdfast-language';
const YEAR_S = 365 * 86_400;
// Lax, not Strict: a page opened from a web mailer keeps the language somebody chose.
const options = { prefix: 'host', path: '/', secure: true, httpOnly: true, sameSite: 'Lax', maxAge: YEAR_S } as const;

/** What the visitor chose with the switch, now or before; else what the browser asks for. */
export function pageLocale(c: HonoContext<Env>): Locale {
  const chosen = asLocale(c.req.query('lang'));
  if (chosen) setCookie(c, LANGUAGE, chosen, options);
  return chosen ?? asLocale(getCookie(c, LANGUAGE, 'host')) ?? pickLocale(c.req.header('accept-language'));
}

/** The same page in another language. Of the query only what the pages themselves put there is kept. */
export function inLanguage(c: HonoContext<Env>, locale: Locale): string {
  const query = new URLSearchParams({ lang: locale });
  for (const [name, allowed] of Object.entries(keptInQuery)) {
    const value = c.req.query(name);
    if (value !== undefined && allowed.includes(value)) query.set(name, value);
  }
  return `?${query}`;
}

const keptInQuery: Record<string, readonly string[]> = {
  next: ['/security', '/case'],
  reason: ['fresh', 'ended', 'signed-out'],
};

function asLocale(value: string | undefined): Locale | undefined {
  return locales.find((locale) => locale === value);
}
