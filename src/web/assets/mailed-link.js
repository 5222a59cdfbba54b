// @ts-check
import { call, Refusal } from './api.js';
import { fill, find } from './dom.js';
import { onSubmit, showRefusal } from './form.js';
import { takeLinkToken } from './link-token.js';
import { show } from './steps.js';
import { has, say } from './texts.js';
import { formatTime } from './times.js';

/**
 * A page that lives from a mailed link: it shows what the link is about, and only its button uses it.
 * @param {{ form: string, purpose: string, done: (used: any) => void }} page
 */
export async function runMailedLink({ form, purpose, done }) {
  const token = takeLinkToken();
  if (token === undefined) return void show('stale');
  onSubmit(form, async () => {
    await orStale(async () =>
      done(await call('POST', '/v1/auth/link/use', { body: { token, confirm: true, tokens: 'cookie' } })),
    );
  });
  try {
    await orStale(async () => {
      const link = await call('POST', '/v1/auth/link', { body: { token } });
      if (link.purpose !== purpose) return void show('stale');
      describeEvent(show('press'), link.event);
    });
  } catch (error) {
    // Nothing is known about the link, yet its button must stay within reach: a freeze cannot wait for a better line.
    const step = show('press');
    find('dl', HTMLElement, step).hidden = true;
    showRefusal(find(`[data-form="${form}"]`, HTMLFormElement), error);
  }
}

/** @param {() => Promise<void>} work */
async function orStale(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'invalid-token')) throw error;
    show('stale');
  }
}

/**
 * @param {HTMLElement} step
 * @param {{ type: string, at: string, ip: string | null, device: string | null }} event
 */
function describeEvent(step, { type, at, ip, device }) {
  const key = `page.event.${type}`;
  fill(step, {
    event: say(has(key) ? key : 'page.event.other'),
    at: formatTime(at),
    ip: ip ?? '',
    device: device ?? '',
  });
  find('[data-fact=ip]', HTMLElement, step).hidden = ip === null;
  find('[data-fact=device]', HTMLElement, step).hidden = device === null;
}
