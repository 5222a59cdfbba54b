// @ts-check

/**
 * The element a page must have.
 * @template {Element} T
 * @param {string} selector
 * @param {{ new (): T }} type
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function find(selector, type, root = document) {
  const found = root.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`the page has no ${selector}`);
}

/**
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement[]}
 */
export function all(selector, root = document) {
  return Array.from(root.querySelectorAll(selector)).filter((element) => element instanceof HTMLElement);
}

/**
 * Puts text where the page has a place for it; never markup.
 * @param {ParentNode} root
 * @param {Record<string, string>} values
 */
export function fill(root, values) {
  for (const [name, value] of Object.entries(values)) {
    for (const place of all(`[data-value="${name}"]`, root)) {
      if (place instanceof HTMLTextAreaElement) place.value = value;
      else place.textContent = value;
    }
  }
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(string | Node)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * @param {string} selector
 * @param {(button: HTMLElement) => void | Promise<void>} press
 */
export function onPress(selector, press) {
  for (const button of all(selector)) button.addEventListener('click', () => void press(button));
}
