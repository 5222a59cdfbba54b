import { html } from 'hono/html';
import { codeField, field, form, passwordField, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';
import { passkeyErrors } from './passkeys.ts';

export const resetPage: Page = {
  path: '/reset',
  title: 'page.reset.title',
  script: 'reset.js',
  texts: [...passkeyErrors, 'page.reset.stale', 'page.reset.held'],
  content: (view) => html`${request(view)}${requested(view)}${choose(view)}${done(view)}`,
};

function request(view: View): Markup {
  const fields = field(view, {
    id: 'identifier',
    name: 'identifier',
    label: 'page.field.identifier',
    attributes: { autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '254' },
  });
  return step(
    view,
    { name: 'request', title: 'page.reset.title', isFirst: true },
    html`<p>${view.say('page.reset.body')}</p>
${form(view, { name: 'request', button: 'page.reset.button' }, fields)}
<p class="aside"><a href="/sign-in">${view.say('page.back-to-sign-in')}</a></p>`,
  );
}

function requested(view: View): Markup {
  const { say, hasInbox } = view;
  return step(
    view,
    { name: 'requested', title: 'page.reset.requested.title', tone: 'done' },
    html`<p>${say('page.reset.requested.body')}</p>
<p><small>${say('page.check-spam')}</small></p>
${hasInbox ? html`<p><a href="/dev/inbox">${say('page.footer.inbox')}</a></p>` : ''}`,
  );
}

function choose(view: View): Markup {
  const fields = html`${passwordField(view, {
    id: 'new-password',
    name: 'newPassword',
    label: 'page.field.new-password',
    hint: 'page.field.new-password.hint',
    attributes: { autocomplete: 'new-password' },
  })}
<div data-code hidden>
<p class="notice">${view.say('page.reset.code')}</p>
${codeField(view, { id: 'reset-code', label: 'page.field.any-code', isOptional: true })}
</div>`;
  return step(
    view,
    { name: 'choose', title: 'page.reset.choose.title' },
    html`<p>${view.say('page.reset.choose.body')}</p>
${form(view, { name: 'choose', button: 'page.reset.choose.button' }, fields)}`,
  );
}

function done(view: View): Markup {
  return step(
    view,
    { name: 'done', title: 'page.reset.done.title', tone: 'done' },
    html`<p>${view.say('page.reset.done.body')}</p>
<p><a role="button" href="/sign-in">${view.say('page.sign-in.title')}</a></p>`,
  );
}
