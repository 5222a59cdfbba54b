import { html } from 'hono/html';
import { form, proof, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';
import { activityCard, activityTexts } from './activity.ts';
import { contactsCard, contactTexts } from './contacts.ts';
import { passkeysCard, passkeysTexts } from './passkeys.ts';
import { passwordCard, passwordTexts } from './password.ts';
import { secondFactorCard, secondFactorTexts } from './second-factor.ts';
import { sessionsCards, sessionsTexts } from './sessions.ts';
import { stepUpDialog, stepUpTexts } from './step-up.ts';
import { textCodesCard, textCodesTexts } from './text-codes.ts';
import { transactionsCard, transactionsTexts } from './transactions.ts';

export const securityPage: Page = {
  path: '/security',
  title: 'page.security.title',
  script: 'security.js',
  width: 'wide',
  texts: [
    ...passwordTexts,
    ...contactTexts,
    ...secondFactorTexts,
    ...passkeysTexts,
    ...textCodesTexts,
    ...sessionsTexts,
    ...activityTexts,
    ...transactionsTexts,
    ...stepUpTexts,
    'page.scope.all',
    'page.scope.sign-in',
    'page.scope.payments',
    'page.scope.withdrawals',
    'page.scope.security-changes',
    'page.hold.until',
    'page.hold.open',
  ],
  content: (
    view,
  ) => html`${step(view, { name: 'wait', title: 'page.security.title', isFirst: true }, html`<p aria-busy="true">${view.say('page.loading')}</p>`)}
${overview(view)}${frozen(view)}${stepUpDialog(view)}`,
};

function overview(view: View): Markup {
  const { say } = view;
  return html`<div data-step="overview" hidden>
<div class="head">
<h1 tabindex="-1">${say('page.security.title')}</h1>
<p><span data-value="email"></span> <button type="button" class="link" data-sign-out>${say('page.security.sign-out')}</button></p>
</div>
<section class="card" data-holds hidden>
<h2>${say('page.security.holds')}</h2>
<ul data-list="holds"></ul>
</section>
${passwordCard(view)}
${contactsCard(view)}
${secondFactorCard(view)}
${passkeysCard(view)}
${textCodesCard(view)}
${sessionsCards(view)}
${transactionsCard(view)}
${activityCard(view)}
<section class="card">
<h2>${say('page.security.report.title')}</h2>
<p>${say('page.security.report.body')}</p>
<p><a role="button" class="quiet" href="/case#report">${say('page.security.report.button')}</a></p>
</section>
${freezeCard(view)}
</div>`;
}

function freezeCard(view: View): Markup {
  const { say } = view;
  const fields = html`<div class="field">
<label for="freeze-message">${say('page.field.freeze-message')}</label>
<textarea id="freeze-message" name="message" rows="3" maxlength="2000" aria-describedby="freeze-message-error"></textarea>
<small id="freeze-message-error" class="error" role="alert" hidden></small>
</div>`;
  const cancel = html`<button type="button" class="quiet" data-cancel="ask-freeze">${say('page.cancel')}</button>`;
  return html`<section class="card alarm">
<h2>${say('page.security.freeze.title')}</h2>
<p>${say('page.security.freeze.body')}</p>
<ul>
<li>${say('page.freeze.effect.sessions')}</li>
<li>${say('page.freeze.effect.money')}</li>
<li>${say('page.freeze.effect.team')}</li>
</ul>
<button type="button" class="alarm ghost" data-open="ask-freeze" aria-expanded="false" aria-controls="ask-freeze">${say('page.security.freeze.button')}</button>
<div id="ask-freeze" class="ask" hidden>
<p><strong>${say('page.security.freeze.sure')}</strong></p>
${form(view, { name: 'freeze', button: 'page.freeze.button', tone: 'alarm', after: cancel }, fields)}
</div>
</section>`;
}

function frozen(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'frozen', title: 'page.frozen.title', tone: 'done' },
    html`<p>${say('page.frozen.body')}</p>
${proof(view, 'receipt')}
<h2>${say('page.frozen.next.title')}</h2>
<p>${say('page.frozen.next.body')}</p>
<p><a role="button" href="/case">${say('page.held.case')}</a></p>`,
  );
}
