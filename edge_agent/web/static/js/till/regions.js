/** Drawing the regions of the cashier's page from what it knows. Their boxes are the styles' alone. */

import { h, icon, line, redraw } from '../core/dom.js';
import { cardLine, figure, member, shortMask } from './member.js';
import { rewards } from './rewards.js';
import { unworked } from './said.js';
import { central, devicesOf, hidden, mainUnit, showing, standing } from './state.js';
import { troubleOf } from './trouble.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./shapes.js').MemberView} MemberView */
/** @typedef {import('../core/texts.js').Words} Words */

/** Reasons under the points, and beside a surprise; what is left out is said in a last row. */
const REASONS_MAX = 4;
const REASONS_WITH_SURPRISE_MAX = 3;

/**
 * @param {HTMLElement} place
 * @param {State} state
 * @param {Words} words
 */
export function drawMember(place, state, words) {
  const view = state.customer;
  const name = view ? standing(view) : showing(state);
  place.dataset.view = name;
  if (view && name === 'member') redraw(place, ...member(view, state.sale !== null, words));
  else if (view && name === 'unknown') redraw(place, ...unknown(view, words));
  else if (view) redraw(place, ...refusedCard(view, words));
  else redraw(place, ...nobody(state, words));
}

/**
 * @param {State} state
 * @param {Words} words
 * @returns {Node[]}
 */
function nobody(state, words) {
  if (state.sale) return stranger(state.sale, words);
  if (state.link === 'down') {
    return stage('plug', words.t('member.unreachable'), words.t('member.unreachable_do'));
  }
  if (state.link === 'loading') return stage('clock', words.t('member.starting'), '');
  return stage('scan', words.t('member.waiting'), words.t('member.waiting_do'));
}

/**
 * A sale of a card that only the POS has read, or of none.
 *
 * @param {import('./state.js').Sale} sale
 * @param {Words} words
 */
function stranger(sale, words) {
  if (sale.result.awaiting_original) return stage('basket', words.t('member.no_customer'), '');
  if (!sale.result.card) {
    return stage('basket', words.t('member.no_card'), words.t('member.no_card_do'));
  }
  const card = `${words.t('member.card')} ${shortMask(sale.result.card)}`;
  return [...stage('card', words.t('member.pos_card'), words.t('member.pos_card_do')), line('p', 'card-number', card)];
}

/**
 * @param {MemberView} view
 * @param {Words} words
 * @returns {Node[]}
 */
function unknown(view, words) {
  const unit = mainUnit(view.balance);
  const here = view.balance?.[unit];
  const earned = here ? here.confirmed + here.unconfirmed : 0;
  return [
    ...stage('star', words.t('member.unknown'), words.t('member.unknown_do')),
    cardLine(view, words),
    earned > 0 ? line('p', 'stage-extra', words.t('member.unknown_earned', { points: words.unit(unit, earned) })) : null,
  ].filter((node) => node !== null);
}

/**
 * @param {MemberView} view
 * @param {Words} words
 */
function refusedCard(view, words) {
  const erased = standing(view) === 'erased';
  const title = words.t(erased ? 'member.erased' : 'member.blocked');
  const text = words.t(erased ? 'member.erased_do' : 'member.blocked_do');
  return [...stage('stop', title, text), cardLine(view, words)];
}

/**
 * @param {string} picture
 * @param {string} title
 * @param {string} text
 */
function stage(picture, title, text) {
  return [
    h('div', { class: 'stage-picture' }, icon(picture)),
    h('h2', { class: 'stage-title', title }, title),
    h('p', { class: 'stage-text', title: text }, text),
  ];
}

/**
 * @param {HTMLElement} place
 * @param {State} state
 * @param {Words} words
 */
export function drawSale(place, state, words) {
  const { sale } = state;
  const keys = rewards(state, words);
  if (keys !== null) {
    place.dataset.view = 'rewards';
    redraw(place, ...keys);
    return;
  }
  if (!sale) {
    const ready = state.customer !== null && standing(state.customer) !== 'blocked' && standing(state.customer) !== 'erased';
    place.dataset.view = ready ? 'ready' : 'none';
    redraw(place,
      h('p', { class: 'sale-empty', title: words.t(ready ? 'sale.ready' : 'sale.none') },
        icon('basket'), h('span', {}, words.t(ready ? 'sale.ready' : 'sale.none'))),
    );
    return;
  }
  const unit = mainUnit(sale.result.earned);
  const points = pointsOf(sale, unit);
  place.dataset.view = sale.result.awaiting_original ? 'awaiting' : sale.kind;
  redraw(place, ...saleParts(state, unit, points, words));
}

/**
 * Points of a sale, below zero when they were taken back, whichever sign the answer uses.
 *
 * @param {import('./state.js').Sale} sale
 * @param {string} unit
 */
export function pointsOf(sale, unit) {
  const earned = Number(sale.result.earned?.[unit] ?? 0);
  return sale.kind === 'sale' ? earned : -Math.abs(earned);
}

/**
 * @param {State} state
 * @param {string} unit
 * @param {number} points
 * @param {Words} words
 * @returns {Node[]}
 */
function saleParts(state, unit, points, words) {
  const sale = /** @type {import('./state.js').Sale} */ (state.sale);
  const back = sale.kind !== 'sale';
  const unknown = sale.result.awaiting_original ? 'sale.awaiting' : unworked(sale) ? 'sale.unworked' : null;
  const title = words.t(titleOf(sale));
  const parts = [
    h('div', { class: 'sale-head' }, icon(back ? 'back' : 'check'), line('h2', 'sale-title', title)),
    h('div', { class: 'sale-points' },
      figure(unknown ? '–' : words.withSign(points)),
      line('p', 'sale-unit', unknown ? words.t(unknown) : saleWords(sale.kind, points, unit, words)),
    ),
    surprise(sale, words),
    h('ul', { class: 'reasons' }, ...(unknown ? [] : reasons(sale, words))),
    newBalance(state, words),
  ];
  return parts.filter((node) => node !== null);
}

/** @param {import('./state.js').Sale} sale */
function titleOf(sale) {
  if (sale.kind === 'void') return 'sale.voided';
  if (sale.kind === 'return') return 'sale.returned';
  return unworked(sale) ? 'sale.recorded' : 'sale.posted';
}

/**
 * What chance gave with this sale, to celebrate together.
 *
 * @param {import('./state.js').Sale} sale
 * @param {Words} words
 */
function surprise(sale, words) {
  const [won] = sale.kind === 'sale' ? sale.result.surprises ?? [] : [];
  if (!won) return null;
  return h('div', { class: 'surprise', title: `${won.title}: ${won.prize}` },
    icon('gift'),
    h('div', { class: 'surprise-words' },
      line('p', 'surprise-title', words.t('sale.surprise', { title: won.title })),
      h('p', { class: 'surprise-prize' }, won.prize)));
}

/**
 * @param {string} kind
 * @param {number} points
 * @param {string} unit
 * @param {Words} words
 */
function saleWords(kind, points, unit, words) {
  if (points === 0) return words.t(kind === 'sale' ? 'sale.nothing' : 'sale.nothing_back');
  if (unit !== 'points') return unit;
  return words.count(kind === 'sale' ? 'sale.earned' : 'sale.taken_back', points);
}

/**
 * One row per rule, base before bonus, each with its reason.
 *
 * @param {import('./state.js').Sale} sale
 * @param {Words} words
 */
function reasons(sale, words) {
  /** @type {Map<string, {why: string, unit: string, quantity: number, bonus: boolean}>} */
  const rules = new Map();
  for (const entry of sale.result.entries ?? []) {
    const key = `${entry.rule}\n${entry.unit}`;
    const bonus = entry.bonus ?? !/^base\b/.test(entry.rule);
    const row = rules.get(key) ?? { why: entry.why ?? entry.rule, unit: entry.unit, quantity: 0, bonus };
    row.quantity += entry.quantity;
    rules.set(key, row);
  }
  const rows = [...rules.values()].sort((a, b) => Number(a.bonus) - Number(b.bonus));
  const most = sale.result.surprises?.length ? REASONS_WITH_SURPRISE_MAX : REASONS_MAX;
  const fits = rows.length <= most ? rows : rows.slice(0, most - 1);
  const left = rows.length - fits.length;
  return [
    ...fits.map((row) =>
      h('li', { class: row.bonus ? 'reason reason-bonus' : 'reason', title: row.why },
        row.bonus ? h('span', { class: 'bonus-tag' }, words.t('sale.bonus')) : null,
        h('span', { class: 'reason-why' }, row.why),
        h('span', { class: 'reason-points' }, words.withSign(row.quantity)),
      ),
    ),
    left > 0 ? h('li', { class: 'reason reason-more' }, words.count('sale.more', left)) : null,
  ];
}

/**
 * @param {State} state
 * @param {Words} words
 */
function newBalance(state, words) {
  const view = state.customer;
  const balances = view && hidden(view) ? null : state.sale?.result.balance;
  const unit = mainUnit(balances);
  const have = balances?.[unit];
  if (!have) return h('p', { class: 'new-balance new-balance-none' });
  const total = have.confirmed + have.unconfirmed;
  const apart = have.unconfirmed === 0 ? '' : words.t('sale.of_which', { points: words.withSign(have.unconfirmed) });
  return h('div', { class: 'new-balance' },
    h('div', { class: 'new-balance-words' }, line('p', 'label', words.t('sale.new_balance')), line('p', 'part-remark', apart)),
    h('p', { class: 'new-balance-number' }, words.number(total)),
  );
}

/**
 * @param {HTMLElement} place
 * @param {import('./notices.js').Notice} notice
 */
export function drawNotice(place, notice) {
  place.dataset.tone = notice.tone;
  redraw(place,
    icon(notice.icon),
    h('div', { class: 'notice-words' }, line('p', 'notice-title', notice.title), line('p', 'notice-text', notice.text)),
  );
}

/**
 * @param {HTMLElement} place
 * @param {State} state
 * @param {Words} words
 */
export function drawPills(place, state, words) {
  const away = state.link !== 'up';
  redraw(place,
    centralPill(state, words, away),
    devicePill('printer', words.t('pill.printer'), state, words, away),
    devicePill('scanner', words.t('pill.scanner'), state, words, away),
  );
}

/** @type {(state: State, words: Words, away: boolean) => HTMLElement} */
function centralPill(state, words, away) {
  const is = away ? 'unknown' : central(state.status);
  const waiting = Number(state.status?.outbox?.records ?? 0);
  const text = is === 'offline' ? words.t('pill.offline', { n: words.number(waiting) }) : words.t(is === 'online' ? 'pill.online' : 'pill.unknown');
  const tone = is === 'online' ? 'good' : is === 'offline' ? 'calm' : 'quiet';
  return pill('central', is === 'offline' ? 'cloud-off' : 'cloud', tone, words.t('pill.central'), text);
}

/** @type {(role: string, name: string, state: State, words: Words, away: boolean) => HTMLElement} */
function devicePill(role, name, state, words, away) {
  const [device] = devicesOf(state, role);
  if (!device) return pill(role, role, 'quiet', name, words.t(away ? 'pill.unknown' : 'pill.none'));
  const trouble = troubleOf(device);
  if (away) return pill(role, role, 'quiet', name, words.t('pill.unknown'));
  if (trouble) return pill(role, role, trouble.tone, name, words.t(trouble.title));
  const ok = device.state === 'ok';
  return pill(role, role, ok ? 'good' : 'quiet', name, words.t(ok ? 'pill.ok' : 'pill.unknown'));
}

/**
 * @param {string} id
 * @param {string} picture
 * @param {string} tone
 * @param {string} name
 * @param {string} text
 */
function pill(id, picture, tone, name, text) {
  return h('li', { class: 'pill', 'data-tone': tone, 'data-pill': id, title: `${name}: ${text}` },
    icon(picture),
    h('span', { class: 'pill-words' }, h('span', { class: 'pill-name' }, name), h('span', { class: 'pill-text' }, text)),
  );
}
