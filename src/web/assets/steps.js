// @ts-check
import { all, onPress } from './dom.js';

/**
 * Shows one step of the page and hides the others; its heading gets the focus, so that it is read out.
 * @param {string} name
 * @returns {HTMLElement}
 */
export function show(name) {
  const steps = all('[data-step]');
  const step = steps.find((each) => each.dataset['step'] === name);
  if (!step) throw new Error(`the page has no step ${name}`);
  for (const each of steps) each.hidden = each !== step;
  const heading = step.querySelector('h1');
  if (heading) {
    document.title = document.title.replace(/^.* · /, `${heading.textContent} · `);
    heading.focus();
  }
  scrollTo(0, 0);
  return step;
}

/** Buttons that lead from one step to another. */
export function linkSteps() {
  onPress('[data-show]', (button) => void show(button.dataset['show'] ?? ''));
}
