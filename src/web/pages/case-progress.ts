import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { form } from '../controls.ts';
import type { Markup, View } from '../page.ts';

export const caseProgressTexts = [
  'page.case.step.done',
  'page.case.step.open',
  'page.case.step.contained',
  'page.case.step.reported',
  'page.case.step.window-set',
  'page.case.step.credentials-reset',
  'page.case.step.transactions-reviewed',
  'page.case.step.identity-verified',
  'page.case.step.factor-bound',
  'page.case.step.restored',
  'page.case.step.watched',
  'page.case.step.closed',
  'page.case.appeal.sent',
  'page.case.feedback.sent',
  'page.error.already-said',
  'page.error.case-open',
] as const satisfies readonly TextKey[];

/** What is done of the case and what is still to come; the script fills it. */
export function caseSteps({ say }: View): Markup {
  return html`<details data-steps hidden open>
<summary>${say('page.case.steps')}</summary>
<ol data-list="steps"></ol>
</details>`;
}

/** What an owner can say once their case has ended: how they were served, and that they disagree. */
export function caseEnd(view: View): Markup {
  const { say } = view;
  const ratings = [5, 4, 3, 2, 1].map(
    (rating) =>
      html`<label><input type="radio" name="rating" value="${rating}"${rating === 5 ? html` required` : ''}> ${say(`page.case.rating.${rating as 1 | 2 | 3 | 4 | 5}`)}</label>`,
  );
  const judged = html`<fieldset class="choices"><legend>${say('page.case.feedback.rating')}</legend>${ratings}</fieldset>
<div class="field">
<label for="feedback-text">${say('page.case.feedback.text')}</label>
<textarea id="feedback-text" name="text" rows="3" maxlength="4000" aria-describedby="feedback-text-error"></textarea>
<small id="feedback-text-error" class="error" role="alert" hidden></small>
</div>`;
  const disagreed = html`<div class="field">
<label for="appeal-message">${say('page.case.appeal.message')}</label>
<textarea id="appeal-message" name="message" rows="4" maxlength="8000" aria-describedby="appeal-message-error" required></textarea>
<small id="appeal-message-error" class="error" role="alert" hidden></small>
</div>`;
  return html`<p class="notice" role="status" tabindex="-1" data-said hidden></p>
<div data-ended hidden>
<h2>${say('page.case.feedback.title')}</h2>
${form(view, { name: 'feedback', button: 'page.case.feedback.button', tone: 'quiet' }, judged)}
<h2>${say('page.case.appeal.title')}</h2>
<p>${say('page.case.appeal.body')}</p>
${form(view, { name: 'appeal', button: 'page.case.appeal.button', tone: 'quiet' }, disagreed)}
</div>`;
}
