/* Elements of a page. Every text of the data becomes a text node: a house's name is never a script. */

/**
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `style` takes an object of CSS properties, `onNAME` a listener; null,
 *   undefined and false leave the attribute out.
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {any} The element; `any`, for a caller knows what it made.
 */
export function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "style") Object.assign(node.style, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) node.append(/** @type {any} */ (child));
  }
  return node;
}

/**
 * @param {string} id
 * @returns {any} The element of that id.
 */
export const byId = (id) => document.getElementById(id);

/**
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {any} The first element that the selector names; null where there is none.
 */
export const find = (selector, within = document) => within.querySelector(selector);

/**
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {any[]} All elements that the selector names.
 */
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];
