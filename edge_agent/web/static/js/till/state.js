/**
 * What the cashier's page knows, and how each thing that happens changes it. No document, no clock, no
 * network in here: `now` is passed in, and every function returns a new state.
 */

/** @typedef {import('./shapes.js').MemberView} MemberView */
/** @typedef {import('./shapes.js').Reward} Reward */
/** @typedef {import('./shapes.js').Redemption} Redemption */
/** @typedef {import('./shapes.js').Question} Question */
/** @typedef {import('./shapes.js').Result} Result */
/** @typedef {import('./shapes.js').Device} Device */

/**
 * @typedef {object} Passing  What is said for a moment; `title` and `text` are keys of texts.
 * @property {'good' | 'warn' | 'bad'} tone
 * @property {string} icon
 * @property {string} title
 * @property {string} text
 * @property {string} [detail]  The agent's own words in place of `text`.
 */

/** @typedef {{kind: 'sale' | 'return' | 'void', result: Result}} Sale */

/**
 * @typedef {object} State
 * @property {import('../core/feed.js').Link} link
 * @property {any} status
 * @property {Record<string, Device>} devices
 * @property {MemberView | null} customer
 * @property {Sale | null} sale
 * @property {string | null} lastSaleId  For printing again; outlives the sale on the screen.
 * @property {Passing | null} passing
 * @property {string[]} keys  Ids of the rewards in the order of their keys; it stays while the customer does.
 * @property {string | null} answered  Id of the question that was answered or let go.
 * @property {number | null} customerUntil  When what is shown of a customer goes by itself, in ms.
 * @property {number | null} passingUntil
 */

/** @typedef {{saleShownMs: number, memberShownMs: number, noticeShownMs: number}} Times */

/** Devices shown at most; a till has three or four. */
const DEVICES_MAX = 32;

/** Scans that are nobody's business here: left to the POS, or the same one heard twice. */
const UNSAID = new Set(['passed-on', 'repeat']);

/** Why a scan was not accepted -> what to say. Anything else gets `notice.scan_refused`. */
const MISREAD = /** @type {Passing} */ ({
  tone: 'warn', icon: 'scan', title: 'notice.misread', text: 'notice.misread_do',
});
const NO_ANSWER = /** @type {Passing} */ ({
  tone: 'bad', icon: 'plug', title: 'notice.no_answer', text: 'notice.no_answer_do',
});
const REFUSED = /** @type {Record<string, Passing>} */ ({
  'payment-card': { tone: 'bad', icon: 'stop', title: 'notice.payment_card', text: 'notice.payment_card_do' },
  garbage: MISREAD,
  'too-long': MISREAD,
  unterminated: MISREAD,
  unreachable: NO_ANSWER,
  internal: NO_ANSWER,
  'ledger-unavailable': NO_ANSWER,
});
const REFUSED_OTHERWISE = /** @type {Passing} */ ({
  tone: 'warn', icon: 'scan', title: 'notice.scan_refused', text: 'notice.scan_refused_do',
});

/** @param {string | null} lastSaleId */
export function first(lastSaleId) {
  /** @type {State} */
  const state = {
    link: 'loading',
    status: null,
    devices: {},
    customer: null,
    sale: null,
    lastSaleId,
    passing: null,
    keys: [],
    answered: null,
    customerUntil: null,
    passingUntil: null,
  };
  return state;
}

/**
 * @param {State} state
 * @param {import('../core/feed.js').EventName} name
 * @param {any} data
 * @param {number} now
 * @param {Times} times
 * @returns {State}
 */
export function happened(state, name, data, now, times) {
  switch (name) {
    case 'scan':
      return scanned(state, data, now, times);
    case 'member':
      return identified(state, data, now, times);
    case 'sale':
      return sold(state, data, now, times);
    case 'device':
      return { ...state, devices: withDevice(state.devices, data) };
    case 'sync':
      return { ...state, status: { ...state.status, ...data } };
    default:
      return state;
  }
}

/**
 * @param {State} state
 * @param {any} status
 * @param {Device[] | null} devices  Null leaves them as they are.
 * @returns {State}
 */
export function snapshot(state, status, devices) {
  const known = devices === null ? state.devices : devices.reduce(withDevice, {});
  return { ...state, status, devices: known };
}

/**
 * @param {State} state
 * @param {{accepted: boolean, reason?: string | null}} scan
 * @param {number} now
 * @param {Times} times
 */
function scanned(state, scan, now, times) {
  if (scan.accepted) return waiting({ ...state, passing: null, passingUntil: null });
  if (UNSAID.has(scan.reason ?? '')) return state;
  return refused(state, scan.reason ?? '', now, times);
}

/**
 * A code that was not taken, from a scanner or from our own input.
 *
 * @param {State} state
 * @param {string} code
 * @param {number} now
 * @param {Times} times
 */
export function refused(state, code, now, times) {
  return pass(state, REFUSED[code] ?? REFUSED_OTHERWISE, now, times);
}

/**
 * @param {State} state
 * @param {Passing} passing
 * @param {number} now
 * @param {Times} times
 * @returns {State}
 */
export function pass(state, passing, now, times) {
  return { ...state, passing, passingUntil: now + times.noticeShownMs };
}

/**
 * @param {State} state
 * @param {MemberView} view
 * @param {number} now
 * @param {Times} times
 * @returns {State}
 */
export function identified(state, view, now, times) {
  // Somebody who is here already was looked up again, for a slip say: nothing else has changed.
  if (state.customer?.card === view.card) return { ...state, customer: view, keys: keysOf(view, state.keys) };
  return {
    ...state,
    customer: view,
    keys: keysOf(view, []),
    answered: null,
    sale: null,
    passing: null,
    passingUntil: null,
    customerUntil: now + times.memberShownMs,
  };
}

/**
 * The rewards in the order of their keys: those that can be had first. One that has a key keeps it.
 *
 * @param {MemberView} view
 * @param {string[]} keys
 */
function keysOf(view, keys) {
  const rewards = view.rewards ?? [];
  const fresh = rewards.filter((reward) => !keys.includes(reward.id));
  const reserved = (view.redemptions ?? []).map((redemption) => redemption.reward);
  const first = (/** @type {Reward} */ reward) => reward.available || reserved.includes(reward.id);
  return [...keys, ...[...fresh.filter(first), ...fresh.filter((reward) => !first(reward))].map((reward) => reward.id)];
}

/**
 * @param {State} state
 * @param {{kind?: string, result: Result}} event
 * @param {number} now
 * @param {Times} times
 * @returns {State}
 */
function sold(state, event, now, times) {
  const kind = event.kind === 'return' || event.kind === 'void' ? event.kind : 'sale';
  const { result } = event;
  const customer = whose(state.customer, result);
  // The balance in the answer is newer than the one that the customer came with.
  const told = customer && hasAny(result.balance) && !hidden(customer);
  const shown = told ? { ...customer, ...newer(result), not_worked_out: null } : customer;
  return {
    ...state,
    customer: shown,
    sale: { kind, result },
    answered: null,
    lastSaleId: result.sale_id,
    passing: null,
    passingUntil: null,
    customerUntil: now + times.saleShownMs,
  };
}

/** What an answer says of the member that is newer than the view, as far as it says it. */
const NEWER = ['balance', 'tier', 'stamps', 'progress', 'rewards', 'offers', 'pending', 'expiring'];

/** @param {Result} result */
function newer(result) {
  return Object.fromEntries(Object.entries(result).filter(([name, value]) => NEWER.includes(name) && value !== undefined));
}

/**
 * Whose sale this is. A POS that reads cards itself may post a sale of somebody else than the one on
 * the screen, or of nobody: their points must not stand beside this one's name.
 *
 * @param {MemberView | null} shown
 * @param {Result} result
 * @returns {MemberView | null}
 */
function whose(shown, result) {
  // Whose a return is whose sale is not known here, nobody knows yet.
  if (shown === null || result.card === undefined || result.awaiting_original) return shown;
  return result.card === shown.card ? shown : null;
}

/** @param {object | null | undefined} units */
export function hasAny(units) {
  return Object.keys(units ?? {}).length > 0;
}

/**
 * Whether the agent withheld this customer's balance (a number that was typed).
 *
 * @param {MemberView} view
 */
export function hidden(view) {
  return view.known && (view.balance === null || view.balance === undefined);
}

/**
 * Ready for the next customer.
 *
 * @param {State} state
 * @returns {State}
 */
export function waiting(state) {
  return { ...state, customer: null, sale: null, keys: [], answered: null, customerUntil: null };
}

/**
 * Lets go of whatever has been shown for long enough.
 *
 * @param {State} state
 * @param {number} now
 * @returns {State}
 */
export function expired(state, now) {
  let next = state;
  if (next.passingUntil !== null && now >= next.passingUntil) next = { ...next, passing: null, passingUntil: null };
  if (next.customerUntil !== null && now >= next.customerUntil) next = waiting(next);
  return next;
}

/**
 * When something has to go next, in ms; null when nothing has to.
 *
 * @param {State} state
 */
export function nextDeadline(state) {
  const times = [state.passingUntil, state.customerUntil].filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

/**
 * @param {Record<string, Device>} devices
 * @param {Device} device
 */
function withDevice(devices, device) {
  if (!(device.id in devices) && Object.keys(devices).length >= DEVICES_MAX) return devices;
  return { ...devices, [device.id]: device };
}

/**
 * What the page is showing, in one word; also what the tests wait for.
 *
 * @param {State} state
 * @returns {'loading' | 'unreachable' | 'waiting' | 'member' | 'unknown' | 'blocked' | 'erased' | 'sale' | 'return' | 'void'}
 */
export function showing(state) {
  if (state.sale) return state.sale.kind;
  if (state.customer) return standing(state.customer);
  if (state.link === 'down') return 'unreachable';
  return state.link === 'loading' ? 'loading' : 'waiting';
}

/**
 * @param {MemberView} view
 * @returns {'member' | 'unknown' | 'blocked' | 'erased'}
 */
export function standing(view) {
  if (view.standing === 'blocked' || view.standing === 'erased') return view.standing;
  return view.known ? 'member' : 'unknown';
}


/**
 * @param {any} status
 * @returns {'online' | 'offline' | 'unknown'}
 */
export function central(status) {
  const { state, reason } = status?.central ?? {};
  if (state === 'connected') return 'online';
  // The agent has started and not asked yet; a line that is down has a reason.
  if (state === undefined || reason === null) return 'unknown';
  return 'offline';
}

/**
 * The devices of one role, the one in most trouble first.
 *
 * @param {State} state
 * @param {string} role
 */
export function devicesOf(state, role) {
  const order = ['trouble', 'offline', 'unknown', 'ok'];
  return Object.values(state.devices)
    .filter((device) => device.role === role)
    .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
}

/**
 * The unit that the page speaks of: points where there are any.
 *
 * @param {Record<string, unknown> | null | undefined} units
 */
export function mainUnit(units) {
  const names = Object.keys(units ?? {});
  return names.includes('points') || names.length === 0 ? 'points' : names[0];
}
