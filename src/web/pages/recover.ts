import { html } from 'hono/html';
import { codeField, form, passwordField, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';
import { printedCodes } from '../printed-codes.ts';

/** For an owner whose identity an agent verified: a new password, then a new second factor. Nobody is signed in by it. */
export const recoverPage: Page = {
  path: '/recover',
  title: 'page.recover.title',
  script: 'recover.js',
  texts: [],
  content: (view) => html`${open(view)}${choose(view)}${bind(view)}${codes(view)}${done(view)}${stale(view)}`,
};

function open(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'open', title: 'page.recover.title', isFirst: true },
    html`<p>${say('page.recover.body')}</p>
<ol>
<li>${say('page.recover.first')}</li>
<li>${say('page.recover.second')}</li>
</ol>
<p>${say('page.recover.frozen')}</p>
${form(view, { name: 'open', button: 'page.recover.button' }, html``)}`,
  );
}

function choose(view: View): Markup {
  const field = passwordField(view, {
    id: 'new-password',
    name: 'newPassword',
    label: 'page.field.new-password',
    hint: 'page.field.new-password.hint',
    attributes: { autocomplete: 'new-password' },
  });
  return step(
    view,
    { name: 'choose', title: 'page.recover.first' },
    form(view, { name: 'choose', button: 'page.reset.choose.button' }, field),
  );
}

function bind(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'bind', title: 'page.recover.second' },
    html`<p>${say('page.totp.scan')}</p>
<p class="qr"><img data-qr alt="${say('page.totp.qr')}" width="200" height="200"></p>
<p>${say('page.totp.by-hand')}</p>
<p class="row"><code id="secret" class="secret-text" data-value="secret"></code>
<button type="button" class="quiet" data-copy="secret">${say('page.copy')}</button></p>
${form(view, { name: 'bind', button: 'page.totp.confirm' }, codeField(view, { id: 'bind-code', label: 'page.field.totp' }))}`,
  );
}

function codes(view: View): Markup {
  return step(
    view,
    { name: 'codes', title: 'page.codes.title', tone: 'done' },
    html`<div class="printed">
${printedCodes(view, { id: 'recovery-codes' })}
<button type="button" data-codes-kept>${view.say('page.codes.kept')}</button>
</div>`,
  );
}

function done(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'done', title: 'page.recover.done.title', tone: 'done' },
    html`<p>${say('page.recover.done.body')}</p>
<p><a role="button" href="/case">${say('page.recover.done.case')}</a></p>`,
  );
}

function stale(view: View): Markup {
  return step(
    view,
    { name: 'stale', title: 'page.recover.stale.title', tone: 'alarm' },
    html`<p>${view.say('page.recover.stale.body')}</p>
<p><small>${view.say('page.contact', { contact: view.contact })}</small></p>`,
  );
}
