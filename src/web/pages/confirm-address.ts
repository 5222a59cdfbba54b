import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { form, step } from '../controls.ts';
import type { Page } from '../page.ts';
import { linkMissing } from './link-missing.ts';

type Words = Record<'title' | 'body' | 'button' | 'doneTitle' | 'doneBody', TextKey>;

/** Both want their owner signed in: what a stranger confirms by mistake is nobody's. */
const confirming = (path: string, words: Words): Page => ({
  path,
  title: words.title,
  script: 'confirm-address.js',
  content: (view) => html`${step(view, { name: 'wait', title: words.title, isFirst: true }, html``)}
${step(
  view,
  { name: 'press', title: words.title },
  html`<p>${view.say(words.body)}</p>
${form(view, { name: 'confirm', button: words.button }, html``)}`,
)}
${step(
  view,
  { name: 'done', title: words.doneTitle, tone: 'done' },
  html`<p>${view.say(words.doneBody)}</p>
<p><a role="button" href="/security">${view.say('page.confirm-address.to-security')}</a></p>`,
)}
${linkMissing(
  view,
  html`<p>${view.say('page.confirm-address.stale')}</p>
<p><a role="button" href="/security">${view.say('page.confirm-address.to-security')}</a></p>`,
)}`,
});

export const confirmAddressPage = confirming('/confirm-address', {
  title: 'page.confirm-address.title',
  body: 'page.confirm-address.body',
  button: 'page.confirm-address.button',
  doneTitle: 'page.confirm-address.done.title',
  doneBody: 'page.confirm-address.done.body',
});

export const confirmNoticeAddressPage = confirming('/confirm-notice-address', {
  title: 'page.confirm-notice-address.title',
  body: 'page.confirm-notice-address.body',
  button: 'page.confirm-notice-address.button',
  doneTitle: 'page.confirm-notice-address.done.title',
  doneBody: 'page.confirm-notice-address.done.body',
});
