/**
 * Making elements. Text only ever becomes text: there is no HTML from strings anywhere in these pages,
 * and the pages' Content-Security-Policy (trusted types) would refuse it.
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @typedef {Node | string | null | undefined | false} Child  What is missing is left out.
 */

/**
 * Make an element.
 *
 * @param {string} tag
 * @param {Record<string, string | boolean | null>} attributes  `null` and `false` leave one out.
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * An element whose text may be cut off by the styles; the whole of it is in the title.
 *
 * @param {string} tag
 * @param {string} className
 * @param {string} text
 */
export function line(tag, className, text) {
  return h(tag, { class: className, title: text }, text);
}

/**
 * @param {string} name  Of a symbol in templates/_icons.html, without the `i-`.
 * @param {string} className
 */
export function icon(name, className = 'icon') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', className);
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * Put these in the place of what is there, unless they are the same: then nothing is faded in again,
 * no selected text is lost, and nothing is read aloud twice. The focus goes to what has the same `data-focus`.
 *
 * @param {HTMLElement} place
 * @param {...Child} children
 * @returns {boolean}  Whether anything changed.
 */
export function redraw(place, ...children) {
  const next = h('div', {}, ...children);
  const same = next.childNodes.length === place.childNodes.length
    && [...next.childNodes].every((node, index) => node.isEqualNode(place.childNodes[index]));
  if (same) return false;
  const focus = place.contains(document.activeElement) ? document.activeElement?.getAttribute('data-focus') : null;
  place.replaceChildren(...next.childNodes);
  if (focus) /** @type {HTMLElement | null} */ (place.querySelector(`[data-focus="${CSS.escape(focus)}"]`))?.focus();
  return true;
}

/**
 * The element with this id; a template without it is a mistake of ours.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`no element #${id}`);
  return element;
}

/**
 * A number of milliseconds that the server wrote on the body.
 *
 * @param {string} name  Of the data attribute, in camel case.
 */
export function setting(name) {
  const value = Number(document.body.dataset[name]);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`body has no usable data ${name}`);
  return value;
}
