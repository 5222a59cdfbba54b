import { html } from 'hono/html';
import { codeField, form, step } from '../controls.ts';
import type { Markup, View } from '../page.ts';
import { printedCodes } from '../printed-codes.ts';

/** Whoever gets here asked for a mail; that none came may be on purpose. */
export function mailedCodeStep(view: View): Markup {
  const { say, hasInbox } = view;
  return step(
    view,
    { name: 'email-code', title: 'page.mail-step.title' },
    html`<p>${say('page.mail-step.body')}</p>
${form(view, { name: 'email-code', button: 'page.second-step.button' }, codeField(view, { id: 'mailed-code', label: 'page.field.mailed-code' }))}
<p class="aside"><button type="button" class="link" data-send-mail>${say('page.mail-step.again')}</button></p>
<p class="notice" role="status" data-mail-sent hidden>${say('page.mail-step.sent')}</p>
<p><small>${say('page.check-spam')}</small></p>
${hasInbox ? html`<p><a href="/dev/inbox" target="_blank" rel="noopener">${say('page.footer.inbox')}</a></p>` : ''}`,
  );
}

/** What a sign-in goes on with where a second factor is required and none is bound. */
export function enrolmentSteps(view: View): Markup {
  return html`${bindStep(view)}${codesStep(view)}`;
}

function bindStep(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'enrol', title: 'page.enrol.title' },
    html`<p>${say('page.enrol.body')}</p>
<p>${say('page.totp.scan')}</p>
<p class="qr"><img data-enrol-qr alt="${say('page.totp.qr')}" width="200" height="200"></p>
<p>${say('page.totp.by-hand')}</p>
<p class="row"><code id="enrol-secret" class="secret-text" data-value="enrol-secret"></code>
<button type="button" class="quiet" data-copy="enrol-secret">${say('page.copy')}</button></p>
${form(view, { name: 'enrol-totp', button: 'page.totp.confirm' }, codeField(view, { id: 'enrol-code', label: 'page.field.totp' }))}
<div data-passkey-offer hidden>
<p>${say('page.enrol.or-passkey')}</p>
${form(view, { name: 'enrol-passkey', button: 'page.enrol.passkey', tone: 'quiet' }, html``)}
</div>`,
  );
}

function codesStep(view: View): Markup {
  return step(
    view,
    { name: 'enrolled', title: 'page.codes.title', tone: 'done' },
    html`<div class="printed">
${printedCodes(view, { id: 'enrolled-codes' })}
<button type="button" data-enrolled-go-on>${view.say('page.codes.kept')}</button>
</div>`,
  );
}
