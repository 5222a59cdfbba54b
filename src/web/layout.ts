import type { Context as HonoContext } from 'hono';
import { html } from 'hono/html';
import type { Context } from '../context.ts';
import type { Env } from '../http.ts';
import { type Locale, locales, type TextKey, text } from '../languages/languages.ts';
import type { Assets } from './assets.ts';
import { inLanguage, pageLocale } from './language.ts';
import type { Markup, Page, View } from './page.ts';
import { textsForScripts } from './script-texts.ts';

/** For documents of our own server's files. */
export const filesPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const pagePolicy = `${filesPolicy}; require-trusted-types-for 'script'`;

const languageNames: Record<Locale, string> = { en: 'English', 'zh-CN': '中文' };

export type ShowPage = (c: HonoContext<Env>, page: Omit<Page, 'path'>) => Response | Promise<Response>;

/** The one way a page is answered: policy, language, head, bar, content, footer. */
export function pageShower(ctx: Context, assets: Assets): ShowPage {
  return (c, page) => {
    const locale = pageLocale(c);
    const view: View = {
      say: (key, values) => text(locale, key, values),
      locale,
      service: ctx.config.serviceName,
      contact: ctx.config.supportContact,
      asset: assets.urlOf,
      hasInbox: ctx.inbox !== undefined,
    };
    c.header('content-security-policy', pagePolicy);
    c.header('content-language', locale);
    return c.html(documentOf(view, page, languageSwitch(c, view)));
  };
}

function documentOf(view: View, page: Omit<Page, 'path'>, languages: Markup): Markup {
  const { say, asset, locale, service } = view;
  const texts = page.script === undefined ? '{}' : textsForScripts(locale, page.texts ?? []);
  return html`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${say(page.title, { service })} · ${service}</title>
<link rel="icon" href="${asset('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${asset('pico.css')}">
<link rel="stylesheet" href="${asset('pages.css')}">
${page.script === undefined ? '' : html`<script type="module" src="${asset(page.script)}"></script>`}
</head>
<body>
<a class="skip" href="#main">${say('page.skip')}</a>
<header class="bar">
<a class="brand" href="/">${html`<img src="${asset('icon.svg')}" alt="" width="28" height="28">`}<span>${service}</span></a>
${languages}
</header>
<main id="main" class="${page.width ?? 'narrow'}" tabindex="-1" data-texts="${texts}">
${page.script === undefined ? '' : html`<noscript><p class="notice">${say('page.noscript', { contact: view.contact })}</p></noscript>`}
${page.content(view)}
</main>
${footer(view)}
</body>
</html>
`;
}

function languageSwitch(c: HonoContext<Env>, { say, locale }: View): Markup {
  const links = locales.map((each) => {
    const current = each === locale ? html` aria-current="true"` : '';
    return html`<a href="${inLanguage(c, each)}" lang="${each}" hreflang="${each}" data-language${current}>${languageNames[each]}</a>`;
  });
  return html`<nav class="languages" aria-label="${say('page.languages')}">${links}</nav>`;
}

function footer({ say, hasInbox }: View): Markup {
  const links: [string, TextKey][] = [['/report', 'page.footer.report']];
  if (hasInbox) links.push(['/dev/inbox', 'page.footer.inbox']);
  return html`<footer class="foot">
<p>${say('mail.sender.never-asks')}</p>
<p>${links.map(([href, key]) => html`<a href="${href}">${say(key)}</a> `)}</p>
</footer>`;
}
