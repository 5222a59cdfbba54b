import { type Locale, type TextKey, text } from '../languages/languages.ts';

/** What any form may have to say, whichever page it is on. */
const always = [
  'page.error.account-held',
  'page.error.busy',
  'page.error.field',
  'page.error.invalid-challenge',
  'page.error.invalid-code',
  'page.error.invalid-credentials',
  'page.error.invalid-token',
  'page.error.offline',
  'page.error.password-change-required',
  'page.error.proof-required',
  'page.error.too-many-attempts',
  'page.error.too-many-requests',
  'page.error.unexpected',
  'page.password.hide',
  'page.password.show',
] as const satisfies readonly TextKey[];

// The browser puts the values in: to the formatter each slot stands for itself.
const slots = {
  time: '{time}',
  left: '{left}',
  to: '{to}',
  until: '{until}',
  reference: '{reference}',
  name: '{name}',
  browser: '{browser}',
  os: '{os}',
};

/** The texts a browser script may show, as JSON for an attribute: scripts carry no words of their own. */
export function textsForScripts(locale: Locale, keys: readonly TextKey[]): string {
  const all = [...always, ...keys].map((key) => [key, text(locale, key, slots)]);
  return JSON.stringify(Object.fromEntries(all));
}
