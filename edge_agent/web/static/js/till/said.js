/** What the page says for a moment after something was done, or could not be. */

/** @typedef {import('./state.js').Passing} Passing */

/** Why a receipt or slip was not printed -> what to say. */
export const NO_SLIP = /** @type {Passing} */ ({
  tone: 'warn', icon: 'balance', title: 'notice.no_slip', text: 'notice.no_slip_do',
});
export const NOT_PRINTED = /** @type {Record<string, Passing>} */ ({
  invalid: NO_SLIP,
  'unknown-card': NO_SLIP,
  unreachable: { tone: 'bad', icon: 'plug', title: 'notice.no_answer', text: 'notice.no_answer_do' },
  'unknown-sale': { tone: 'warn', icon: 'receipt', title: 'notice.no_receipt', text: 'notice.no_receipt_do' },
});
export const NOT_PRINTED_OTHERWISE = /** @type {Passing} */ ({
  tone: 'warn', icon: 'printer', title: 'notice.not_printed', text: 'notice.not_printed_do',
});
export const PRINTING = /** @type {Passing} */ ({
  tone: 'good', icon: 'printer', title: 'notice.printing', text: 'notice.printing_do',
});
export const NO_RECEIPT = NOT_PRINTED['unknown-sale'];

/** What is said once an act is done, or could not be. */
export const RESERVED = /** @type {Passing} */ ({
  tone: 'good', icon: 'gift', title: 'notice.reserved', text: 'notice.reserved_do',
});
export const LET_GO = /** @type {Passing} */ ({
  tone: 'good', icon: 'gift', title: 'notice.let_go', text: 'notice.let_go_do',
});
export const ACTIVATED = /** @type {Passing} */ ({
  tone: 'good', icon: 'check', title: 'notice.activated', text: 'notice.activated_do',
});
export const ANSWERED = /** @type {Passing} */ ({
  tone: 'good', icon: 'check', title: 'notice.answered', text: 'notice.answered_do',
});
export const ENROLLED = /** @type {Passing} */ ({
  tone: 'good', icon: 'people', title: 'notice.enrolled', text: 'notice.enrolled_do',
});
export const MEMBER_ALREADY = /** @type {Passing} */ ({
  tone: 'warn', icon: 'people', title: 'notice.member_already', text: 'notice.member_already_do',
});
export const NOT_NOW = /** @type {Passing} */ ({
  tone: 'warn', icon: 'info', title: 'notice.not_now', text: 'notice.not_now_do',
});
export const NOT_WORKED_OUT = /** @type {Passing} */ ({
  tone: 'warn', icon: 'info', title: 'notice.not_worked_out', text: 'notice.not_worked_out_do',
});
export const NOT_SHOWN = /** @type {Passing} */ ({
  tone: 'warn', icon: 'info', title: 'notice.not_shown', text: 'notice.not_shown_do',
});
export const NO_ANSWER = NOT_PRINTED.unreachable;

/**
 * Whether the rules failed on an act, which the agent then recorded without them.
 *
 * @param {{result?: {not_worked_out?: string}} | null} answer
 */
export const unworked = (answer) => typeof answer?.result?.not_worked_out === 'string';
