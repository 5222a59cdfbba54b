import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { codeField, field, form, passwordField, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';
import { enrolmentSteps, mailedCodeStep } from './enrolment.ts';
import { passkeyErrors } from './passkeys.ts';

export const signInPage: Page = {
  path: '/sign-in',
  title: 'page.sign-in.title',
  script: 'sign-in.js',
  texts: [
    ...passkeyErrors,
    'page.sign-in.fresh',
    'page.sign-in.ended',
    'page.sign-in.signed-out',
    'page.sign-in.undisclosed',
    'page.held.stopped',
  ],
  content: (view) =>
    html`${password(view)}${passkeyStep(view)}${secondStep(view)}${textStep(view)}${recoveryStep(view)}${mailedCodeStep(view)}${enrolmentSteps(view)}${held(view)}${mustChange(view)}${resetSent(view)}`,
};

function password(view: View): Markup {
  const { say } = view;
  const fields = html`
${field(view, {
  id: 'identifier',
  name: 'identifier',
  label: 'page.field.identifier',
  attributes: { autocomplete: 'username webauthn', autocapitalize: 'none', spellcheck: 'false', maxlength: '254' },
})}
${passwordField(view, { id: 'password', name: 'password', label: 'page.field.password', attributes: { autocomplete: 'current-password' } })}`;
  return step(
    view,
    { name: 'password', title: 'page.sign-in.title', isFirst: true },
    html`<p class="notice" role="status" data-notice hidden></p>
${form(view, { name: 'sign-in', button: 'page.sign-in.button' }, fields)}
<div data-passkey-offer hidden>${form(view, { name: 'passkey', button: 'page.passkey.sign-in', tone: 'quiet' }, html``)}</div>
<ul class="links">
<li><a href="/reset">${say('page.sign-in.forgot')}</a></li>
<li><a href="/sign-up">${say('page.sign-in.new')}</a></li>
<li><a href="/case">${say('page.sign-in.trouble')}</a></li>
</ul>`,
  );
}

const other = ({ say }: View, way: string, label: TextKey): Markup =>
  html`<p class="aside" data-way="${way}"><button type="button" class="link" data-show="${way}">${say(label)}</button></p>`;

function passkeyStep(view: View): Markup {
  return step(
    view,
    { name: 'passkey', title: 'page.passkey-step.title' },
    html`<p>${view.say('page.passkey-step.body')}</p>
${form(view, { name: 'passkey-step', button: 'page.passkey-step.button' }, html``)}
${other(view, 'totp', 'page.passkey-step.use-totp')}
${other(view, 'sms', 'page.text-step.use')}
${other(view, 'recovery-code', 'page.passkey-step.use-recovery')}`,
  );
}

function secondStep(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'totp', title: 'page.second-step.title' },
    html`<p>${say('page.second-step.body')}</p>
${form(view, { name: 'totp', button: 'page.second-step.button' }, codeField(view, { id: 'totp-code', label: 'page.field.totp' }))}
${other(view, 'passkey', 'page.passkey-step.use-passkey')}
${other(view, 'sms', 'page.text-step.use')}
${other(view, 'recovery-code', 'page.second-step.use-recovery')}
${other(view, 'email-code', 'page.mail-step.use')}`,
  );
}

/** Whoever gets here asked for a text; that none came may be on purpose, so there is always another way. */
function textStep(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'sms', title: 'page.second-step.title' },
    html`<p>${say('page.text-step.body')}</p>
${form(view, { name: 'sms', button: 'page.second-step.button' }, codeField(view, { id: 'sms-code', label: 'page.field.text-code' }))}
<p class="aside"><button type="button" class="link" data-send-text>${say('page.text-step.again')}</button></p>
<p class="notice" role="status" data-text-sent hidden>${say('page.text-step.sent')}</p>
${other(view, 'totp', 'page.recovery-step.use-totp')}
${other(view, 'recovery-code', 'page.second-step.use-recovery')}`,
  );
}

function recoveryStep(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'recovery-code', title: 'page.recovery-step.title' },
    html`<p>${say('page.recovery-step.body')}</p>
${form(view, { name: 'recovery-code', button: 'page.second-step.button' }, codeField(view, { id: 'recovery-code', label: 'page.field.recovery-code' }))}
${other(view, 'passkey', 'page.passkey-step.use-passkey')}
${other(view, 'totp', 'page.recovery-step.use-totp')}`,
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
