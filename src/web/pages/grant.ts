import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { field, form, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';

const titles = [
  'page.grant.action.payment',
  'page.grant.action.withdrawal',
  'page.grant.action.security-change',
] as const satisfies readonly TextKey[];

/** Where a payer sees what they confirm, in words of ours alone (OWASP: what you see is what you sign). */
export const grantPage: Page = {
  path: '/grant',
  title: 'page.grant.title',
  script: 'grant.js',
  texts: [...titles, 'page.error.passkey-cancelled', 'page.grant.until', 'page.grant.done.body', 'page.grant.back'],
  content: (view) => html`${step(
    view,
    { name: 'wait', title: 'page.grant.title', isFirst: true },
    html`<p class="error" role="alert" data-error hidden></p>`,
  )}
${step(view, { name: 'press', title: 'page.grant.title' }, html`${deed(view)}${ways(view)}`)}
${step(
  view,
  { name: 'done', title: 'page.grant.done.title', tone: 'done' },
  html`<p data-value="done"></p><p><a role="button" rel="noreferrer" data-back></a></p>`,
)}
${step(
  view,
  { name: 'cancelled', title: 'page.grant.cancelled.title' },
  html`<p>${view.say('page.grant.cancelled.body')}</p>`,
)}
${step(view, { name: 'stale', title: 'page.grant.stale.title' }, html`<p>${view.say('page.grant.stale')}</p>`)}
${step(view, { name: 'elsewhere', title: 'page.grant.title' }, html`<p>${view.say('page.grant.elsewhere')}</p>`)}`,
};

function deed({ say }: View): Markup {
  return html`<p data-only="change">${say('page.grant.change')}</p>
<dl class="facts" data-only="money">
<div><dt>${say('page.grant.amount')}</dt><dd><strong data-value="amount"></strong></dd></div>
<div data-fact="payee-name"><dt>${say('page.grant.payee')}</dt><dd><bdi data-value="payee-name"></bdi></dd></div>
<div data-fact="payee-id"><dt>${say('page.grant.payee-id')}</dt><dd><bdi data-value="payee-id"></bdi></dd></div>
<div data-fact="no-payee"><dt>${say('page.grant.payee')}</dt><dd>${say('page.grant.no-payee')}</dd></div>
</dl>
<p data-only="money">${say('page.grant.compare')}</p>
<p><small data-value="until"></small></p>`;
}

function ways(view: View): Markup {
  const { say } = view;
  const attributes = {
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    autocapitalize: 'none',
    spellcheck: 'false',
    minlength: '6',
    maxlength: '16',
  };
  const label = { label: 'page.grant.code', hint: 'page.grant.code-hint' } as const;
  return html`<div data-way="passkey" hidden>
${form(view, { name: 'passkey', button: 'page.grant.passkey' }, html``)}
</div>
<div data-way="totp" hidden>
${form(view, { name: 'totp', button: 'page.grant.confirm' }, field(view, { id: 'grant-code', name: 'code', ...label, attributes }))}
</div>
<button type="button" class="quiet" data-cancel-grant>${say('page.grant.cancel')}</button>
<p class="error" role="alert" data-cancel-error hidden></p>`;
}
