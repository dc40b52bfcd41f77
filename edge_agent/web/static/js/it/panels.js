/** Drawing the panels of store IT's page. */

import { byId, h, icon, redraw } from '../core/dom.js';
import { parsed } from '../core/texts.js';
import { central } from '../till/state.js';
import { troubleOf } from '../till/trouble.js';

/** @typedef {import('../core/texts.js').Words} Words */
/** @typedef {import('../till/state.js').Device} Device */

/** Less free disk than this is too little for a day with the line down, in bytes. */
const DISK_LOW_BYTES = 500_000_000;

/** A clock further off than this makes dates of sales wrong, in seconds. */
const CLOCK_OFF_S = 60;

/** A members file older than this is worth a look, in milliseconds: central makes one each day. */
const MEMBERS_OLD_MS = 48 * 3600 * 1000;

/** Records that wait longer than this while central answers are stuck, in seconds. */
const STUCK_S = 900;

const DEVICE_TONES = /** @type {Record<string, string>} */ ({ ok: 'good', trouble: 'bad', offline: 'bad', unknown: 'warn' });
const DEVICE_STATES = /** @type {Record<string, string>} */ ({
  ok: 'it.state_ok', trouble: 'it.state_trouble', offline: 'it.state_offline', unknown: 'it.state_unknown',
});
const ROLES = /** @type {Record<string, string>} */ ({ printer: 'it.role_printer', scanner: 'it.role_scanner' });
const TESTS = /** @type {Record<string, string>} */ ({ scan: 'it.test_scan_now', sent: 'it.test_sent', done: 'it.test_done', failed: 'it.test_failed' });
const CENTRAL_STATES = { online: 'it.central_online', offline: 'it.state_offline', unknown: 'it.state_unknown' };
const REFUSED = /** @type {Record<string, string>} */ ({
  'payment-card': 'it.scan_payment_card',
  'passed-on': 'it.scan_passed_on',
  'not-a-member-card': 'it.scan_not_member',
  repeat: 'it.scan_repeat',
  garbage: 'it.scan_misread',
  'too-long': 'it.scan_misread',
  unterminated: 'it.scan_misread',
});

/**
 * What is wrong, the worst first; each with what to do.
 *
 * @param {{link: string, status: any, devices: Device[]}} known
 * @param {Words} words
 * @returns {{tone: 'warn' | 'bad', title: string, text: string}[]}
 */
export function findings({ link, status, devices }, words) {
  if (link === 'down') return [{ tone: 'bad', title: words.t('it.unreachable'), text: words.t('hint.unreachable') }];
  const found = [];
  for (const device of devices) {
    const trouble = troubleOf(device);
    if (trouble) found.push({ tone: trouble.tone, title: `${device.id}: ${words.t(trouble.title)}`, text: words.t(trouble.hint) });
  }
  for (const [when, tone, title, hint] of statusChecks(status ?? {})) {
    if (when) found.push({ tone, title: words.t(title), text: words.t(hint) });
  }
  return found.sort((a, b) => a.tone.localeCompare(b.tone));
}

/**
 * @param {any} status
 * @returns {[boolean, 'warn' | 'bad', string, string][]}  Whether it is so, how bad, its name and what to do.
 */
function statusChecks(status) {
  const { clock, members, outbox, programme, states } = status;
  const line = status.central?.state;
  const reason = status.central?.reason;
  const away = central(status) === 'offline';
  const asOf = parsed(members?.as_of);
  const offset = Math.abs(Number(clock?.offset_seconds ?? 0));
  return [
    [line === 'refused' && reason === 'cloned', 'bad', 'it.cloned', 'hint.cloned'],
    [line === 'refused' && reason === 'revoked', 'bad', 'it.revoked', 'hint.revoked'],
    [line === 'refused' && reason === 'journal-damaged', 'bad', 'it.journal_damaged', 'hint.journal_damaged'],
    [line === 'refused' && !['cloned', 'revoked', 'journal-damaged'].includes(reason), 'bad', 'it.central_refused', 'hint.refused'],
    [line === 'not-enrolled', 'bad', 'it.not_enrolled', 'hint.not_enrolled'],
    [away && line !== 'refused' && line !== 'not-enrolled', 'warn', 'it.central_offline', 'hint.central'],
    [!away && Number(outbox?.oldest_seconds ?? 0) > STUCK_S, 'bad', 'it.stuck', 'hint.stuck'],
    [Number(states?.rejected ?? 0) > 0, 'bad', 'it.has_rejected', 'hint.rejected'],
    [Number(states?.parked ?? 0) > 0, 'warn', 'it.has_parked', 'hint.parked'],
    ['programme' in status && !programme?.version, 'bad', 'it.no_programme', 'hint.programme'],
    ['members' in status && asOf === null, 'warn', 'it.no_members', 'hint.members'],
    [asOf !== null && Date.now() - asOf.getTime() > MEMBERS_OLD_MS, 'warn', 'it.members_old', 'hint.members'],
    [clock?.trusted === false || offset > CLOCK_OFF_S, 'warn', 'it.clock_off', 'hint.clock'],
    [Number(status.disk_free_bytes ?? Infinity) < DISK_LOW_BYTES, 'bad', 'it.disk_low', 'hint.disk'],
  ];
}

/**
 * @param {HTMLElement} place
 * @param {{link: string, status: any, devices: Device[]}} known
 * @param {Words} words
 */
export function drawVerdict(place, known, words) {
  const found = findings(known, words);
  const loading = known.link === 'loading';
  const tone = loading ? 'quiet' : (found[0]?.tone ?? 'good');
  place.dataset.tone = tone;
  if (loading || found.length === 0) {
    redraw(place, finding(loading ? 'clock' : 'check', words.t(loading ? 'notice.starting' : 'it.fine'), ''));
    return;
  }
  redraw(place, ...found.map(({ tone: each, title, text }) => finding('alert', title, text, each)));
}

/**
 * @param {string} picture
 * @param {string} title
 * @param {string} text
 * @param {string} tone
 */
function finding(picture, title, text, tone = '') {
  return h('div', { class: 'finding', 'data-tone': tone || null },
    icon(picture),
    h('div', {}, h('p', { class: 'finding-title' }, title), text ? h('p', { class: 'finding-text' }, text) : null));
}

/**
 * @param {HTMLElement} place
 * @param {Device[]} devices
 * @param {Map<string, string>} tests
 * @param {(id: string) => void} onTest
 * @param {Words} words
 */
export function drawDevices(place, devices, tests, onTest, words) {
  // A button that is drawn anew loses the focus; who tests by keyboard keeps it.
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.test;
  if (devices.length === 0) redraw(place, h('li', { class: 'remark' }, words.t('it.no_devices')));
  else redraw(place, ...devices.map((device) => deviceItem(device, tests.get(device.id), onTest, words)));
  if (focused === undefined) return;
  for (const button of place.querySelectorAll('button')) if (button.dataset.test === focused) button.focus();
}

/**
 * @param {Device} device
 * @param {string | undefined} test
 * @param {(id: string) => void} onTest
 * @param {Words} words
 */
function deviceItem(device, test, onTest, words) {
  const trouble = troubleOf(device);
  const tone = trouble?.tone ?? DEVICE_TONES[device.state] ?? 'warn';
  const printer = device.role === 'printer';
  const button = h('button', { type: 'button', class: 'test', 'data-test': device.id }, words.t(printer ? 'it.test_print' : 'it.test_scan'));
  button.addEventListener('click', () => onTest(device.id));
  return h('li', { class: 'device', 'data-device': device.id, 'data-tone': tone },
    icon(printer ? 'printer' : 'scanner'),
    h('div', { class: 'device-words' },
      h('p', { class: 'device-name' }, `${role(device, words)} “${device.id}”`, h('span', { class: 'badge' }, words.t(trouble?.title ?? DEVICE_STATES[device.state] ?? 'it.state_unknown'))),
      h('p', { class: 'device-where' }, [device.kind, device.where].filter(Boolean).join(' · ')),
      h('p', { class: 'device-when' }, when(device, words)),
      trouble ? h('p', { class: 'hint' }, words.t(trouble.hint)) : null,
    ),
    h('div', { class: 'device-test' }, button, h('p', { class: 'test-result', role: 'status', 'data-test-state': test ?? null }, test ? words.t(TESTS[test]) : '')),
  );
}

/**
 * @param {Device} device
 * @param {Words} words
 */
function role(device, words) {
  return ROLES[device.role] ? words.t(ROLES[device.role]) : device.role;
}

/**
 * @param {Device} device
 * @param {Words} words
 */
function when(device, words) {
  const parts = [];
  if (device.since) parts.push(words.t('it.since', { when: words.when(device.since) }));
  if (typeof device.last === 'string') {
    const at = parsed(device.last);
    parts.push(at ? words.t('it.last', { what: words.when(device.last) }) : words.t('it.last', { what: device.last }));
  } else if (device.last) {
    parts.push(words.t('it.last', { what: [device.last.what, words.when(device.last.at)].filter(Boolean).join(', ') }));
  } else parts.push(words.t('it.last_none'));
  if (device.reason) parts.push(words.t('it.reason', { reason: device.reason }));
  return parts.join(' · ');
}

/**
 * @param {any} status
 * @param {Words} words
 */
export function drawFigures(status, words) {
  const { central: far, clock, journal, members, outbox, programme, redemption, states } = status ?? {};
  const number = (/** @type {any} */ n) => (typeof n === 'number' ? words.number(n) : words.t('time.unknown'));
  figures('sync', [
    ['it.central', words.t(CENTRAL_STATES[central(status)])],
    ['it.central_reason', text(far?.reason)],
    ['it.last_contact', words.exactly(far?.last_contact)],
    ['it.seq', number(journal?.seq)],
    ['it.received', number(journal?.received)],
    ['it.outbox', number(outbox?.records)],
    ['it.oldest', Number(outbox?.records) > 0 ? words.duration(Number(outbox.oldest_seconds)) : '–'],
    ['it.rejected', number(states?.rejected)],
    ['it.parked', number(states?.parked)],
    ['it.reasons', reasons(states?.reasons, words)],
    ['it.head', journal?.head ? String(journal.head).slice(0, 12) : '–'],
  ], words);
  figures('data', [
    ['it.members_count', number(members?.count)],
    ['it.members_version', text(members?.version)],
    ['it.members_as_of', words.exactly(members?.as_of)],
    ['it.programme', text(programme?.id)],
    ['it.programme_version', text(programme?.version)],
    ['it.programme_as_of', words.exactly(programme?.as_of)],
    ['it.worst_loss', worstLoss(redemption, programme?.currency, words)],
  ], words);
  figures('machine', [
    ['it.version', text(status?.version)],
    ['it.terminal', text(status?.terminal)],
    ['it.clock', clock?.trusted === false ? words.t('it.clock_untrusted') : clock ? words.t('it.clock_trusted') : '–'],
    ['it.offset', typeof clock?.offset_seconds === 'number' ? words.t('it.seconds', { n: words.withSign(clock.offset_seconds) }) : '–'],
    ['it.disk_free', typeof status?.disk_free_bytes === 'number' ? words.bytes(status.disk_free_bytes) : '–'],
  ], words);
}

/**
 * What could be given away at most for points that were not there: in money, of how many points that is, and which
 * rewards are not in it.
 *
 * @param {any} redemption
 * @param {string | undefined} currency  None without a programme, by which nothing can be redeemed either.
 * @param {Words} words
 */
function worstLoss(redemption, currency, words) {
  if (!currency || typeof redemption?.worst_loss !== 'number') return words.t('time.unknown');
  const points = words.unit('points', redemption.points_per_outage).replaceAll(' ', '\u00a0');
  const loss = `${words.money(redemption.worst_loss, currency)} (${points})`;
  if (!redemption.unbounded?.length) return loss;
  return words.t('it.worst_loss_without', { loss, rewards: redemption.unbounded.join(', ') });
}

/** @type {Readonly<Record<string, string>>}  Why central took a record without effect, in words. */
const REASONS = {
  'awaiting-original': 'code.awaiting_original',
  'ambiguous-original': 'code.ambiguous_original',
  'original-rejected': 'code.original_rejected',
  'original-folded': 'code.original_folded',
  'unknown-kind': 'code.unknown_kind',
  'unknown-programme': 'code.unknown_programme',
  'unknown-account': 'code.unknown_account',
  'not-worked-out': 'code.not_worked_out',
  'card-taken': 'code.card_taken',
  'quarantined': 'code.quarantined',
  'internal': 'code.internal',
  'not-as-programmed': 'code.not_as_programmed',
  'over-reversal': 'code.over_reversal',
  'over-return': 'code.over_return',
  'wrong-account': 'code.wrong_account',
  'already-attached': 'code.already_attached',
  'malformed': 'code.malformed',
  'envelope': 'code.envelope',
  'attachment': 'code.attachment',
  'payment-card': 'code.payment_card',
  'id-taken': 'code.id_taken',
};

/**
 * @param {{code: string | null, records: number}[] | undefined} found
 * @param {Words} words
 */
function reasons(found, words) {
  if (!found?.length) return '–';
  return found.map(({ code, records }) => `${words.number(records)} × ${reason(code, words)}`).join('; ');
}

/**
 * @param {string | null} code
 * @param {Words} words
 */
function reason(code, words) {
  if (code && REASONS[code]) return words.t(REASONS[code]);
  return words.t(code?.endsWith('-differs') ? 'code.differs' : 'code.some_other');
}

/** @param {any} value */
const text = (value) => {
  if (value === null || value === undefined || value === '') return '–';
  return typeof value === 'object' ? Object.values(value).join('-') : String(value);
};

/**
 * @param {string} id
 * @param {[string, string][]} rows  Key of the name, and the value.
 * @param {Words} words
 */
function figures(id, rows, words) {
  redraw(byId(id),
    ...rows.map(([key, value]) => h('div', { class: 'row', 'data-figure': key }, h('dt', {}, words.t(key)), h('dd', {}, value))),
  );
}

/**
 * @param {HTMLElement} place
 * @param {import('./main.js').Scan[]} scans
 * @param {Words} words
 */
export function drawScans(place, scans, words) {
  if (scans.length === 0) {
    redraw(place, h('tr', {}, h('td', { colspan: '5', class: 'remark' }, words.t('it.no_scans'))));
    return;
  }
  redraw(place, ...scans.map((scan) =>
    h('tr', { 'data-accepted': String(scan.accepted) },
      h('td', {}, words.seconds.format(scan.at)),
      h('td', { class: 'mono' }, scan.shown || '–'),
      h('td', { class: 'outcome' }, scan.accepted ? words.t('it.scan_accepted') : refusal(scan.reason, words)),
      h('td', {}, scan.device),
      h('td', {}, scan.symbology ?? '–'),
    )));
}

/**
 * @param {string | null | undefined} reason
 * @param {Words} words
 */
function refusal(reason, words) {
  if (reason && REFUSED[reason]) return words.t(REFUSED[reason]);
  return words.t('it.scan_refused', { reason: reason ?? words.t('time.unknown') });
}
