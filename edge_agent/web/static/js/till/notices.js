/** The one line under the customer: the most important thing to know now, and what to do about it. */

import { NOT_SHOWN, NOT_WORKED_OUT, unworked } from './said.js';
import { central, devicesOf, standing } from './state.js';
import { troubleOf } from './trouble.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('../core/texts.js').Words} Words */

/**
 * @typedef {object} Notice
 * @property {'quiet' | 'good' | 'calm' | 'warn' | 'bad'} tone
 * @property {string} icon
 * @property {string} title
 * @property {string} text
 */

/**
 * @param {State} state
 * @param {Words} words
 * @returns {Notice}
 */
export function notice(state, words) {
  return (
    linkNotice(state, words) ??
    passingNotice(state, words) ??
    unworkedNotice(state, words) ??
    deviceNotice(state, words, 'printer', 'printer') ??
    deviceNotice(state, words, 'scanner', 'scanner') ??
    centralNotice(state, words) ??
    programmeNotice(state, words) ??
    quietNotice(state, words)
  );
}

/**
 * Whether a notice goes before a question to the customer: what was just done, and what keeps the till from working.
 *
 * @param {State} state
 * @param {Notice} said
 */
export function outranksQuestion(state, said) {
  return state.passing !== null || said.tone === 'bad';
}

/** @type {(state: State, words: Words) => Notice | null} */
function linkNotice(state, words) {
  if (state.link !== 'down') return null;
  return { tone: 'bad', icon: 'plug', title: words.t('notice.unreachable'), text: words.t('notice.unreachable_do') };
}

/** @type {(state: State, words: Words) => Notice | null} */
function passingNotice(state, words) {
  if (state.passing === null) return null;
  const { tone, icon, title, text, detail } = state.passing;
  return { tone, icon, title: words.t(title), text: detail || words.t(text) };
}

/** @type {(state: State, words: Words) => Notice | null} */
function unworkedNotice(state, words) {
  const said = unworked(state.sale) ? NOT_WORKED_OUT : state.customer?.not_worked_out ? NOT_SHOWN : null;
  if (said === null) return null;
  const { tone, icon, title, text } = said;
  return { tone, icon, title: words.t(title), text: words.t(text) };
}

/** @type {(state: State, words: Words, role: string, icon: string) => Notice | null} */
function deviceNotice(state, words, role, icon) {
  for (const device of devicesOf(state, role)) {
    const trouble = troubleOf(device);
    if (trouble) return { tone: trouble.tone, icon, title: words.t(trouble.title), text: words.t(trouble.text) };
  }
  return null;
}

/** @type {(state: State, words: Words) => Notice | null} */
function centralNotice(state, words) {
  if (central(state.status) !== 'offline') return null;
  const waiting = Number(state.status?.outbox?.records ?? 0);
  const text = waiting > 0 ? words.count('notice.offline_waiting', waiting) : words.t('notice.offline_none');
  return { tone: 'calm', icon: 'cloud-off', title: words.t('notice.offline'), text };
}

/** @type {(state: State, words: Words) => Notice | null} */
function programmeNotice(state, words) {
  if (state.status === null || !('programme' in state.status) || state.status.programme?.version) return null;
  return { tone: 'warn', icon: 'alert', title: words.t('notice.no_programme'), text: words.t('notice.no_programme_do') };
}

/** @type {(state: State, words: Words) => Notice} */
function quietNotice(state, words) {
  if (state.link === 'loading') {
    return { tone: 'quiet', icon: 'clock', title: words.t('notice.starting'), text: '' };
  }
  if (state.sale) return { tone: 'quiet', icon: 'check', title: words.t('notice.done'), text: words.t('notice.done_do') };
  if (state.customer) return customerNotice(standing(state.customer), words);
  return { tone: 'quiet', icon: 'check', title: words.t('notice.fine'), text: words.t('notice.fine_do') };
}

/** @type {(is: ReturnType<typeof standing>, words: Words) => Notice} */
function customerNotice(is, words) {
  if (is === 'blocked' || is === 'erased') {
    return { tone: 'quiet', icon: 'info', title: words.t('notice.carry_on_stopped'), text: words.t('notice.carry_on_stopped_do') };
  }
  const title = words.t(is === 'member' ? 'notice.carry_on' : 'notice.carry_on_unknown');
  return { tone: 'quiet', icon: 'check', title, text: words.t('notice.carry_on_do') };
}
