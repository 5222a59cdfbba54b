import { html } from 'hono/html';
import { proof, step } from '../controls.ts';
import { afterFreeze, freezeEffects, mailedPressPage, staleFreeze } from './mailed-press.ts';

export const undoPage = mailedPressPage({
  name: 'undo',
  title: 'page.undo.title',
  tone: 'alarm',
  button: 'page.undo.button',
  aside: 'page.undo.was-me',
  lead: (view) => html`<p>${view.say('page.undo.lead')}</p>
<ul>
<li>${view.say('page.undo.effect.restored')}</li>
${freezeEffects(view)}
</ul>`,
  done: (view) =>
    step(
      view,
      { name: 'done', title: 'page.undo.done.title', tone: 'done' },
      html`<p>${view.say('page.undo.done.body')}</p>
<div data-proof>${proof(view, 'receipt')}</div>
${afterFreeze(view)}`,
    ),
  stale: (view) => staleFreeze(view, 'page.undo.stale'),
});
