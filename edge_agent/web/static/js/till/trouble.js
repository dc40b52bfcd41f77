/** What a device's reason means to whoever stands beside it. Shared by both pages. */

/**
 * @typedef {object} Trouble
 * @property {'warn' | 'bad'} tone
 * @property {string} title  Key of a text: what is the matter.
 * @property {string} text   Key of a text: what to do, for the cashier.
 * @property {string} hint   Key of a text: what to do, for store IT.
 */

/** @type {Record<string, Trouble>} */
const PRINTER = {
  'paper-out': { tone: 'bad', title: 'trouble.paper_out', text: 'trouble.paper_out_do', hint: 'hint.paper_out' },
  'paper-near-end': { tone: 'warn', title: 'trouble.paper_low', text: 'trouble.paper_low_do', hint: 'hint.paper_low' },
  'cover-open': { tone: 'bad', title: 'trouble.cover_open', text: 'trouble.cover_open_do', hint: 'hint.cover_open' },
  cutter: { tone: 'bad', title: 'trouble.cutter', text: 'trouble.cutter_do', hint: 'hint.cutter' },
  busy: { tone: 'warn', title: 'trouble.printer_busy', text: 'trouble.printer_busy_do', hint: 'hint.printer_busy' },
  silent: { tone: 'bad', title: 'trouble.printer_silent', text: 'trouble.printer_silent_do', hint: 'hint.printer_silent' },
};
const PRINTER_OTHERWISE = /** @type {Trouble} */ ({
  tone: 'bad', title: 'trouble.printer', text: 'trouble.printer_do', hint: 'hint.printer',
});

/** @type {Record<string, Trouble>} */
const SCANNER = {
  unplugged: { tone: 'bad', title: 'trouble.scanner_gone', text: 'trouble.scanner_gone_do', hint: 'hint.scanner_gone' },
  busy: { tone: 'bad', title: 'trouble.scanner', text: 'trouble.scanner_do', hint: 'hint.scanner_busy' },
  'no-permission': { tone: 'bad', title: 'trouble.scanner', text: 'trouble.scanner_do', hint: 'hint.no_permission' },
};
const SCANNER_OTHERWISE = /** @type {Trouble} */ ({
  tone: 'bad', title: 'trouble.scanner', text: 'trouble.scanner_do', hint: 'hint.scanner',
});

/** Other names for the same thing. */
const SAME = /** @type {Record<string, string>} */ ({
  'no-paper': 'paper-out',
  'paper-end': 'paper-out',
  'paper-low': 'paper-near-end',
  'no-answer': 'silent',
  timeout: 'silent',
  unreachable: 'silent',
  refused: 'silent',
  'cutter-error': 'cutter',
  gone: 'unplugged',
  'not-found': 'unplugged',
  missing: 'unplugged',
  locked: 'busy',
  'in-use': 'busy',
  'permission-denied': 'no-permission',
});

/**
 * What is the matter with a device; null when nothing is, or when nothing is known yet.
 *
 * @param {import('./state.js').Device} device
 * @returns {Trouble | null}
 */
export function troubleOf(device) {
  const given = (device.reason ?? '').toLowerCase().replaceAll('_', '-');
  const reason = SAME[given] ?? given;
  const [known, otherwise] = device.role === 'printer' ? [PRINTER, PRINTER_OTHERWISE] : [SCANNER, SCANNER_OTHERWISE];
  const trouble = known[reason];
  // A printer that is fine may still be short of paper; one that is silent is not fine.
  if (device.state === 'ok') return trouble?.tone === 'warn' ? trouble : null;
  if (device.state === 'unknown') return trouble ?? null;
  if (trouble) return trouble;
  return device.role === 'printer' && device.state === 'offline' ? PRINTER.silent : otherwise;
}
