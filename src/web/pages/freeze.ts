import { html } from 'hono/html';
import { proof, step } from '../controls.ts';
import { afterFreeze, freezeEffects, mailedPressPage, staleFreeze } from './mailed-press.ts';

export const freezePage = mailedPressPage({
  name: 'freeze',
  title: 'page.freeze.title',
  tone: 'alarm',
  button: 'page.freeze.button',
  aside: 'page.freeze.was-me',
  lead: (view) => html`<p>${view.say('page.freeze.question')}</p>
<ul>
${freezeEffects(view)}
</ul>`,
  done: (view) =>
    step(
      view,
      { name: 'done', title: 'page.frozen.title', tone: 'done' },
      html`<p>${view.say('page.frozen.body')}</p>
${proof(view, 'receipt')}
${afterFreeze(view)}`,
    ),
  stale: (view) => staleFreeze(view, 'page.freeze.stale'),
});
