import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import type { Markup, View } from '../page.ts';

/** What a mail with a link can be about, as the mailed person should read it; other types have one text for all. */
export const linkEvents = [
  'page.event.device.added',
  'page.event.email.change-requested',
  'page.event.email.changed',
  'page.event.grant.altered',
  'page.event.notice-address.confirmed',
  'page.event.notice-address.removed',
  'page.event.passkey.added',
  'page.event.passkey.removed',
  'page.event.passkey.counter-regressed',
  'page.event.phone.change-requested',
  'page.event.phone.changed',
  'page.event.username.changed',
  'page.event.password.breached',
  'page.event.password.changed',
  'page.event.password.disabled',
  'page.event.password.exposed',
  'page.event.password.failing',
  'page.event.password.reset',
  'page.event.recovery-code.used',
  'page.event.recovery-codes.issued',
  'page.event.refresh.reused',
  'page.event.report.received',
  'page.event.second-factor.reset',
  'page.event.second-factor.reset-cancelled',
  'page.event.second-factor.reset-scheduled',
  'page.event.second-factor.guessed',
  'page.event.second-factor.locked',
  'page.event.sign-in.locked',
  'page.event.totp.confirmed',
  'page.event.totp.removed',
  'page.event.totp.replaced',
  'page.event.totp.failing',
  'page.event.totp.disabled',
  'page.event.other',
] as const satisfies readonly TextKey[];

export function eventFacts({ say }: View): Markup {
  return html`<p data-value="event" class="lead"></p>
<dl class="facts">
<div><dt>${say('mail.label.when')}</dt><dd data-value="at"></dd></div>
<div data-fact="device"><dt>${say('mail.label.device')}</dt><dd data-value="device"></dd></div>
<div data-fact="ip"><dt>${say('mail.label.ip')}</dt><dd data-value="ip"></dd></div>
</dl>`;
}
