// @ts-check
import { Refusal } from './api.js';
import { all, find, onPress } from './dom.js';
import { has, say } from './texts.js';
import { formatWait } from './times.js';

/**
 * Opens a form and sends what it holds; a refusal is told beside its field, or above the button.
 * @param {string} name
 * @param {(values: Record<string, string>, form: HTMLFormElement) => Promise<void>} send
 */
export function onSubmit(name, send) {
  const form = find(`[data-form="${name}"]`, HTMLFormElement);
  find('fieldset', HTMLFieldSetElement, form).disabled = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit(form, send);
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {(values: Record<string, string>, form: HTMLFormElement) => Promise<void>} send
 */
async function submit(form, send) {
  const button = find('[type=submit]', HTMLButtonElement, form);
  if (button.ariaBusy === 'true') return;
  clearErrors(form);
  button.ariaBusy = 'true';
  try {
    await send(valuesOf(form), form);
  } catch (error) {
    showRefusal(form, error);
  } finally {
    button.ariaBusy = 'false';
  }
}

/**
 * Fields left empty are left out.
 * @param {HTMLFormElement} form
 */
function valuesOf(form) {
  const filled = Array.from(new FormData(form), ([name, value]) => [name, String(value)]);
  return Object.fromEntries(filled.filter(([, value]) => value !== ''));
}

/** @param {HTMLFormElement} form */
function clearErrors(form) {
  for (const place of all('.error', form)) place.hidden = true;
  for (const input of all('[aria-invalid]', form)) input.removeAttribute('aria-invalid');
}

/**
 * @param {HTMLFormElement} form
 * @param {unknown} error
 */
export function showRefusal(form, error) {
  const refusal = error instanceof Refusal ? error : new Refusal('unexpected', {}, 0);
  /** @type {{ pointer: string, detail: string }[]} */
  const faults = refusal.body['errors'] ?? [];
  const fields = faults.flatMap(({ pointer, detail }) => {
    const field = form.elements.namedItem(pointer.slice(1));
    return field instanceof HTMLElement
      ? [
          {
            field,
            text: ['weak-password', 'email-not-accepted'].includes(refusal.code) ? detail : say('page.error.field'),
          },
        ]
      : [];
  });
  for (const { field, text } of fields) {
    field.setAttribute('aria-invalid', 'true');
    tell(find(`#${field.id}-error`, HTMLElement), text);
  }
  if (fields[0]) fields[0].field.focus();
  else tell(find('[data-error]', HTMLElement, form), describe(refusal));
}

/** @param {Refusal} refusal */
export function describe(refusal) {
  const key = `page.error.${refusal.code}`;
  const values = { time: formatWait(refusal.retryAfter || 60) };
  if (has(key)) return say(key, values);
  return String(refusal.body['detail'] ?? refusal.body['title'] ?? say('page.error.unexpected'));
}

/**
 * @param {HTMLElement} place
 * @param {string} text
 */
export function tell(place, text) {
  place.textContent = text;
  place.hidden = false;
}

/** Buttons that show a password, and that open and close a question. */
export function bindButtons() {
  onPress('[data-reveal]', (button) => {
    const input = find(`#${button.dataset['reveal']}`, HTMLInputElement);
    const isShown = input.type === 'text';
    input.type = isShown ? 'password' : 'text';
    button.ariaPressed = String(!isShown);
    button.textContent = say(isShown ? 'page.password.show' : 'page.password.hide');
  });
  onPress('[data-open]', (button) => ask(button.dataset['open'] ?? '', true));
  onPress('[data-cancel]', (button) => ask(button.dataset['cancel'] ?? '', false));
}

/**
 * @param {string} id
 * @param {boolean} isOpen
 */
export function ask(id, isOpen) {
  const question = find(`#${id}`, HTMLElement);
  question.hidden = !isOpen;
  for (const form of all('form', question)) {
    if (isOpen || !(form instanceof HTMLFormElement)) continue;
    form.reset();
    clearErrors(form);
  }
  const opener = find(`[data-open="${id}"]`, HTMLElement);
  opener.ariaExpanded = String(isOpen);
  if (isOpen) all('input:not([hidden]), textarea', question)[0]?.focus();
  else opener.focus();
}
