// @ts-check
import { element, fill, find } from './dom.js';
import { show } from './steps.js';
import { say } from './texts.js';
import { formatTime } from './times.js';

/** @typedef {{ id: string, author: string, body: string, proven: boolean, at: string }} Message */
/** @typedef {{ step: string, done: boolean }} Step */
/** @typedef {{ id: string, reference: string, kind: string, status: string, openedAt: string, respondBy: string, messages?: Message[], steps?: Step[] }} Case */

/**
 * @param {Case[]} cases
 * @param {(id: string) => void} open
 */
export function showList(cases, open) {
  const step = show('list');
  find('[data-none]', HTMLElement, step).hidden = cases.length > 0;
  find('[data-list=cases]', HTMLElement, step).replaceChildren(
    ...cases.map((each) => {
      const button = element('button', { type: 'button', class: 'link' }, titleOf(each));
      button.addEventListener('click', () => open(each.id));
      return element('li', {}, button, element('small', {}, summaryOf(each)));
    }),
  );
}

/** @param {Case} theCase */
export function showCase(theCase) {
  const { messages = [], status } = theCase;
  const heading = find('[data-value=heading]', HTMLElement);
  heading.textContent = titleOf(theCase);
  const step = show('one');
  fill(step, { summary: summaryOf(theCase) });
  find('[data-list=messages]', HTMLElement, step).replaceChildren(...messages.map(showMessage));
  find('[data-writing]', HTMLElement, step).hidden = status !== 'open';
  showSteps(theCase.steps ?? []);
  find('[data-ended]', HTMLElement, step).hidden = status !== 'closed';
  find('[data-said]', HTMLElement, step).hidden = true;
}

/** @param {Step[]} steps */
function showSteps(steps) {
  find('[data-steps]', HTMLElement).hidden = steps.length === 0;
  find('[data-list=steps]', HTMLElement).replaceChildren(
    ...steps.map(({ step, done }) => {
      const state = element('small', {}, say(done ? 'page.case.step.done' : 'page.case.step.open'));
      return element('li', {}, say(`page.case.step.${step}`), ' · ', state);
    }),
  );
}

/** @param {Message} message */
function showMessage({ author, body, proven, at }) {
  const time = element('time', { datetime: at }, formatTime(at));
  const doubt = author === 'owner' && !proven ? [element('small', { class: 'doubt' }, say('page.case.unproven'))] : [];
  const head = element(
    'p',
    {},
    element('strong', {}, say(`page.case.author.${author}`)),
    ' ',
    element('small', {}, time),
  );
  return element('li', { class: author }, head, element('p', { class: 'said' }, body), ...doubt);
}

/** @param {Case} theCase */
function titleOf({ reference, kind }) {
  return `${reference} · ${say(`page.case.kind.${kind}`)}`;
}

/** @param {Case} theCase */
function summaryOf({ status, openedAt, respondBy }) {
  if (status !== 'open') return say('page.case.closed');
  return `${say('page.case.open')} · ${say('page.case.opened-at', { time: formatTime(openedAt) })} · ${say('page.case.respond-by', { time: formatTime(respondBy) })}`;
}
