// @ts-check
import { find } from './dom.js';

/** @type {Record<string, string>} */
const texts = JSON.parse(find('main', HTMLElement).dataset['texts'] ?? '{}');

/** @param {string} key */
export function has(key) {
  return Object.hasOwn(texts, key);
}

/**
 * What the server wrote for this page, in its language, with the values put in.
 * @param {string} key
 * @param {Record<string, string>} [values]
 */
export function say(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (slot, name) => values[name] ?? slot);
}
