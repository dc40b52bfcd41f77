/** A one-time code as a QR symbol, drawn from the rows that the agent sends. */

import { h, redraw } from '../core/dom.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Light modules around the symbol that a scanner needs (ISO/IEC 18004). */
const QUIET = 4;

/**
 * @param {HTMLElement} place
 * @param {{code: string, qr: string[]}} shown
 * @param {string} till  As it is called.
 */
export function drawCode(place, shown, till) {
  redraw(place, symbol(shown.qr), h('figcaption', {}, h('p', { class: 'passing-code' }, shown.code), h('p', {}, till)));
}

/** @param {string[]} rows  A 1 for each dark module. */
function symbol(rows) {
  const svg = document.createElementNS(SVG, 'svg');
  const side = rows.length + 2 * QUIET;
  svg.setAttribute('viewBox', `0 0 ${side} ${side}`);
  svg.setAttribute('shape-rendering', 'crispEdges');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  const dark = rows.flatMap((row, y) => [...row].map((module, x) => (module === '1' ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : '')));
  path.setAttribute('d', dark.join(''));
  svg.append(path);
  return svg;
}
