// @ts-check
import { find, onPress } from './dom.js';

/** Buttons that copy, save or print what is shown once. */
export function bindKeeping() {
  onPress('[data-copy]', async (button) => {
    await navigator.clipboard.writeText(textOf(button.dataset['copy']));
    button.ariaPressed = 'true';
  });
  onPress('[data-download]', (button) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`${textOf(button.dataset['download'])}\n`], { type: 'text/plain' }));
    link.download = button.dataset['file'] ?? '';
    link.click();
    URL.revokeObjectURL(link.href);
  });
  onPress('[data-print]', () => print());
}

/** @param {string | undefined} id */
function textOf(id) {
  const source = find(`#${id}`, HTMLElement);
  return source instanceof HTMLTextAreaElement ? source.value : (source.textContent ?? '');
}
