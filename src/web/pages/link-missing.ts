import { step } from '../controls.ts';
import type { Markup, View } from '../page.ts';

/** Where a page that lives from a mailed link has none, or one that is used up or too old. */
export function linkMissing(view: View, next: Markup): Markup {
  return step(view, { name: 'stale', title: 'page.link.stale.title' }, next);
}
