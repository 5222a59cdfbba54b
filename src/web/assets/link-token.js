// @ts-check
import { all } from './dom.js';

/**
 * Takes the token of a mailed link out of the address, before anything else can see it there: not the history, not a
 * screenshot, not somebody looking on. Only this page's memory keeps it.
 * @returns {string | undefined}
 */
export function takeLinkToken() {
  // A link opened in a tab that shows this page already changes the fragment alone.
  addEventListener('hashchange', () => location.hash.startsWith('#token=') && location.reload());
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
  if (token === undefined) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  for (const link of all('[data-language]')) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      // The other language's page takes it out again.
      location.assign(`${link.getAttribute('href')}#token=${encodeURIComponent(token)}`);
    });
  }
  return token;
}
