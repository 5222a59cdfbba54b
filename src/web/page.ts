import type { html } from 'hono/html';
import type { Locale, TextKey, TextValues } from '../languages/languages.ts';
import type { AssetName } from './asset-list.ts';

export type Markup = ReturnType<typeof html>;
type Say = (key: TextKey, values?: TextValues) => string;

/** What a page may show besides its own words. Nothing of the request but its language. */
export type View = {
  say: Say;
  locale: Locale;
  service: string;
  contact: string;
  asset: (name: AssetName) => string;
  /** Whether mails land on a page of this service: development only. */
  hasInbox: boolean;
};

export type Page = {
  path: string;
  title: TextKey;
  /** Its browser script; without one the page works as it is. */
  script?: AssetName;
  /** What the script may have to say later. */
  texts?: readonly TextKey[];
  width?: 'narrow' | 'wide';
  content: (view: View) => Markup;
};
