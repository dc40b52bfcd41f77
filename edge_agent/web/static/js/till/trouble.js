/** What a device's reason means to whoever stands beside it. Shared by both pages. */

/**
 * @typedef {object} Trouble
 * @property {'warn' | 'bad'} tone
 * @property {string} title  Key of a text: what is the matter.
 * @property {string} text   Key of a text: what to do, for the cashier.
 * @property {string} hint   Key of a text: what to do, for store IT.
 */

/**
 * @param {'warn' | 'bad'} tone
 * @param {string} title
 * @param {string} text
 * @param {string} hint
 * @returns {Trouble}
 */
const trouble = (tone, title, text, hint) => ({ tone, title, text, hint });

const PRINTER_OTHERWISE = trouble('bad', 'trouble.printer', 'trouble.printer_do', 'hint.printer');
const PRINTER_SILENT = trouble('bad', 'trouble.printer_silent', 'trouble.printer_silent_do', 'hint.printer_silent');
const PRINTER_BUSY = trouble('warn', 'trouble.printer_busy', 'trouble.printer_busy_do', 'hint.printer_busy');

/** By the reasons of `drivers/ports.py`.
 * @type {Record<string, Trouble>} */
const PRINTER = {
  'paper-out': trouble('bad', 'trouble.paper_out', 'trouble.paper_out_do', 'hint.paper_out'),
  'paper-low': trouble('warn', 'trouble.paper_low', 'trouble.paper_low_do', 'hint.paper_low'),
  'cover-open': trouble('bad', 'trouble.cover_open', 'trouble.cover_open_do', 'hint.cover_open'),
  cutter: trouble('bad', 'trouble.cutter', 'trouble.cutter_do', 'hint.cutter'),
  overheated: trouble('warn', 'trouble.overheated', 'trouble.overheated_do', 'hint.overheated'),
  busy: PRINTER_BUSY,
  feeding: PRINTER_BUSY,
  'no-answer': PRINTER_SILENT,
  unreachable: PRINTER_SILENT,
  'connection-lost': PRINTER_SILENT,
  'write-timeout': PRINTER_SILENT,
  'not-found': PRINTER_SILENT,
  unplugged: PRINTER_SILENT,
  'no-permission': { ...PRINTER_OTHERWISE, hint: 'hint.no_permission' },
  'bad-settings': { ...PRINTER_OTHERWISE, hint: 'hint.bad_settings' },
};

const SCANNER_OTHERWISE = trouble('bad', 'trouble.scanner', 'trouble.scanner_do', 'hint.scanner');
const SCANNER_GONE = trouble('bad', 'trouble.scanner_gone', 'trouble.scanner_gone_do', 'hint.scanner_gone');

/** @type {Record<string, Trouble>} */
const SCANNER = {
  unplugged: SCANNER_GONE,
  'not-found': SCANNER_GONE,
  'connection-lost': SCANNER_GONE,
  busy: { ...SCANNER_OTHERWISE, hint: 'hint.scanner_busy' },
  'no-permission': { ...SCANNER_OTHERWISE, hint: 'hint.no_permission' },
  'bad-settings': { ...SCANNER_OTHERWISE, hint: 'hint.bad_settings' },
};

/**
 * What is the matter with a device; null when nothing is, or when nothing is known yet.
 *
 * @param {import('./shapes.js').Device} device
 * @returns {Trouble | null}
 */
export function troubleOf(device) {
  const [known, otherwise] = device.role === 'printer' ? [PRINTER, PRINTER_OTHERWISE] : [SCANNER, SCANNER_OTHERWISE];
  const found = known[device.reason ?? ''] ?? null;
  // A printer that is fine may still be short of paper; one that is silent is not fine.
  if (device.state === 'ok') return found?.tone === 'warn' ? found : null;
  if (device.state === 'unknown') return found;
  return found ?? otherwise;
}
