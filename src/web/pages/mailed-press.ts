import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { form, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';
import { eventFacts, linkEvents } from './link-event.ts';
import { linkMissing } from './link-missing.ts';

type Press = {
  /** Names its path, its script and its form. */
  name: 'freeze' | 'undo' | 'unlock' | 'veto';
  title: TextKey;
  tone?: 'alarm';
  button: TextKey;
  aside: TextKey;
  /** What the press will do. */
  lead(view: View): Markup;
  done(view: View): Markup;
  /** Where to go when the link is no good. */
  stale(view: View): Markup;
};

/** A page that lives from a mailed link: it says what the link is about, and only a person's press uses it. */
export function mailedPressPage({ name, title, tone, button, aside, lead, done, stale }: Press): Page {
  const alarm = tone && { tone };
  return {
    path: `/${name}`,
    title,
    script: `${name}.js`,
    texts: linkEvents,
    content: (
      view,
    ) => html`${step(view, { name: 'wait', title, isFirst: true }, html`<p aria-busy="true">${view.say('page.loading')}</p>`)}
${step(
  view,
  { name: 'press', title, ...alarm },
  html`${eventFacts(view)}
${lead(view)}
${form(view, { name, button, ...alarm }, html``)}
<p class="aside"><small>${view.say(aside)}</small></p>`,
)}${done(view)}
${linkMissing(view, stale(view))}`,
  };
}

/** Behind a link that froze, or would have. */
export function staleFreeze(view: View, body: TextKey): Markup {
  const { say } = view;
  return html`<p>${say(body)}</p>
<ul class="links">
<li><a href="/security">${say('page.freeze.signed-in')}</a></li>
<li><a href="/case">${say('page.landing.case')}</a></li>
</ul>
<p><small>${say('page.contact', { contact: view.contact })}</small></p>`;
}

/** What comes after a freeze. */
export function afterFreeze({ say }: View): Markup {
  return html`<h2>${say('page.frozen.next.title')}</h2>
<p>${say('page.frozen.next.body')}</p>
<p><a role="button" href="/case">${say('page.held.case')}</a></p>`;
}

/** What a freeze does, as items of a list. */
export function freezeEffects({ say }: View): Markup {
  return html`<li>${say('page.freeze.effect.sessions')}</li>
<li>${say('page.freeze.effect.money')}</li>
<li>${say('page.freeze.effect.team')}</li>`;
}
