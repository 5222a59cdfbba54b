import { html } from 'hono/html';
import { step } from '../controls.ts';
import { mailedPressPage } from './mailed-press.ts';

export const unlockPage = mailedPressPage({
  name: 'unlock',
  title: 'page.unlock.title',
  button: 'page.unlock.button',
  aside: 'page.unlock.not-me',
  lead: (view) => html`<p>${view.say('page.unlock.body')}</p>`,
  done: (view) =>
    step(
      view,
      { name: 'done', title: 'page.unlock.done.title', tone: 'done' },
      html`<p>${view.say('page.unlock.done.body')}</p>
<p><a role="button" href="/sign-in">${view.say('page.sign-in.title')}</a></p>`,
    ),
  stale: (view) => html`<p>${view.say('page.unlock.stale')}</p>
<ul class="links">
<li><a href="/sign-in">${view.say('page.sign-in.title')}</a></li>
<li><a href="/reset">${view.say('page.sign-in.forgot')}</a></li>
</ul>`,
});
