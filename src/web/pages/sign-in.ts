import { html } from 'hono/html';
import { codeField, field, form, passwordField, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';

export const signInPage: Page = {
  path: '/sign-in',
  title: 'page.sign-in.title',
  script: 'sign-in.js',
  texts: ['page.sign-in.fresh', 'page.sign-in.ended', 'page.sign-in.signed-out', 'page.held.stopped'],
  content: (view) =>
    html`${password(view)}${secondStep(view)}${recoveryStep(view)}${held(view)}${mustChange(view)}${resetSent(view)}`,
};

function password(view: View): Markup {
  const { say } = view;
  const fields = html`
${field(view, {
  id: 'identifier',
  name: 'identifier',
  label: 'page.field.identifier',
  attributes: { autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '254' },
})}
${passwordField(view, { id: 'password', name: 'password', label: 'page.field.password', attributes: { autocomplete: 'current-password' } })}`;
  return step(
    view,
    { name: 'password', title: 'page.sign-in.title', isFirst: true },
    html`<p class="notice" role="status" data-notice hidden></p>
${form(view, { name: 'sign-in', button: 'page.sign-in.button' }, fields)}
<ul class="links">
<li><a href="/reset">${say('page.sign-in.forgot')}</a></li>
<li><a href="/sign-up">${say('page.sign-in.new')}</a></li>
<li><a href="/case">${say('page.sign-in.trouble')}</a></li>
</ul>`,
  );
}

function secondStep(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'totp', title: 'page.second-step.title' },
    html`<p>${say('page.second-step.body')}</p>
${form(view, { name: 'totp', button: 'page.second-step.button' }, codeField(view, { id: 'totp-code', label: 'page.field.totp' }))}
<p class="aside"><button type="button" class="link" data-show="recovery-code">${say('page.second-step.use-recovery')}</button></p>`,
  );
}

function recoveryStep(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'recovery-code', title: 'page.recovery-step.title' },
    html`<p>${say('page.recovery-step.body')}</p>
${form(view, { name: 'recovery-code', button: 'page.second-step.button' }, codeField(view, { id: 'recovery-code', label: 'page.field.recovery-code' }))}
<p class="aside"><button type="button" class="link" data-show="totp">${say('page.recovery-step.use-totp')}</button></p>`,
  );
}

/** Whoever typed the password may not be its owner: the way on is by mail. */
function mustChange(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'must-change', title: 'page.must-change.title', tone: 'alarm' },
    html`<p>${say('page.must-change.body')}</p>
<p>${say('page.must-change.next')}</p>
${form(view, { name: 'send-reset', button: 'page.must-change.button' }, html``)}
<p class="aside"><a href="/case">${say('page.sign-in.trouble')}</a></p>`,
  );
}

function resetSent(view: View): Markup {
  const { say, hasInbox } = view;
  return step(
    view,
    { name: 'reset-sent', title: 'page.reset.requested.title', tone: 'done' },
    html`<p>${say('page.reset.requested.body')}</p>
<p><small>${say('page.check-spam')}</small></p>
${hasInbox ? html`<p><a href="/dev/inbox">${say('page.footer.inbox')}</a></p>` : ''}`,
  );
}

function held(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'held', title: 'page.held.title', tone: 'alarm' },
    html`<p data-value="held">${say('page.held.body')}</p>
<p class="reference" data-reference><span>${say('page.reference')}</span> <strong data-value="reference"></strong></p>
<p><a role="button" href="/case">${say('page.held.case')}</a></p>
<p><small>${say('page.held.next')}</small></p>`,
  );
}
