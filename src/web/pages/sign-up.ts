import { html } from 'hono/html';
import { field, form, passwordField, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';

export const signUpPage: Page = {
  path: '/sign-up',
  title: 'page.sign-up.title',
  script: 'sign-up.js',
  content: (view) => html`${enter(view)}${done(view)}`,
};

function enter(view: View): Markup {
  const fields = html`
${field(view, { id: 'email', name: 'email', type: 'email', label: 'page.field.email', attributes: { autocomplete: 'email', maxlength: '254' } })}
${passwordField(view, {
  id: 'password',
  name: 'password',
  label: 'page.field.password',
  hint: 'page.field.new-password.hint',
  attributes: { autocomplete: 'new-password' },
})}`;
  return step(
    view,
    { name: 'enter', title: 'page.sign-up.title', isFirst: true },
    html`${form(view, { name: 'sign-up', button: 'page.sign-up.button' }, fields)}
<p class="aside">${view.say('page.sign-up.known')} <a href="/sign-in">${view.say('page.sign-in.title')}</a></p>`,
  );
}

function done(view: View): Markup {
  const { say, hasInbox } = view;
  return step(
    view,
    { name: 'done', title: 'page.sign-up.done.title', tone: 'done' },
    html`<p>${say('page.sign-up.done.body')}</p>
<p><small>${say('page.check-spam')}</small></p>
${hasInbox ? html`<p><a href="/dev/inbox">${say('page.footer.inbox')}</a></p>` : ''}`,
  );
}
