/** Drawing a customer whom we know: balance, the offer to mention, and what else there is to say. */

import { h, icon, line } from '../core/dom.js';
import { parsed } from '../core/texts.js';
import { hidden, mainUnit, standing } from './state.js';

/** @typedef {import('./shapes.js').MemberView} MemberView */
/** @typedef {import('./shapes.js').Balance} Balance */
/** @typedef {import('./shapes.js').Progress} Progress */
/** @typedef {import('../core/texts.js').Words} Words */

/** A balance older than this, in milliseconds, shows the time that it is from. */
const FRESH_MS = 15 * 60 * 1000;

/** Rows under the balance; more do not fit beside a queue of six. */
const FACTS_MAX = 4;

/** Stamps that are drawn one by one; a card of more is a bar. */
const DOTS_MAX = 12;

/**
 * @param {MemberView} view
 * @param {boolean} served  Whether their sale is done.
 * @param {Words} words
 * @returns {Node[]}
 */
export function member(view, served, words) {
  const who = view.member?.display_name || words.t('member.nameless');
  const parts = [
    h('div', { class: 'who' },
      h('div', { class: 'who-words' }, line('h2', 'who-name', who), cardLine(view, words)),
      tier(view),
    ),
    balance(view, words),
    offer(view, served, words),
    h('ul', { class: 'facts' }, ...facts(view, words)),
  ];
  return parts.filter((part) => part !== null);
}

/**
 * The tier, and the way to the next one.
 *
 * @param {MemberView} view
 */
function tier(view) {
  const name = view.tier?.title ?? view.member?.tier;
  const next = view.tier?.next?.say;
  if (!name && !next) return null;
  return h('div', { class: 'standing' },
    name ? line('p', 'tier', name) : null,
    next ? line('p', 'tier-next', next) : null,
  );
}

/**
 * @param {MemberView} view
 * @param {Words} words
 */
function balance(view, words) {
  if (hidden(view)) {
    return h('div', { class: 'balance balance-hidden' },
      line('p', 'balance-title', words.t('balance.hidden')),
      h('p', { class: 'balance-text' }, words.t('balance.hidden_why')),
    );
  }
  const unit = mainUnit(view.balance);
  const have = view.balance?.[unit];
  if (!have) return unknownBalance(words);
  const total = have.confirmed + have.unconfirmed;
  const stale = asOf(have, view, words);
  return h('div', { class: 'balance' },
    h('div', { class: 'balance-total' },
      line('p', 'label', words.t('balance.title')),
      figure(words.number(total)),
      line('p', 'balance-unit', unitName(unit, total, words)),
    ),
    h('dl', { class: 'balance-parts' },
      ...part('check', words.t('balance.confirmed'), words.number(have.confirmed), stale),
      ...part('clock', words.t('balance.unconfirmed'), words.withSign(have.unconfirmed), '', have.unconfirmed === 0),
      ...pending(view, unit, words),
    ),
  );
}

/**
 * What is on its way and cannot be used yet: the first that comes, with its day.
 *
 * @param {MemberView} view
 * @param {string} unit
 * @param {Words} words
 */
function pending(view, unit, words) {
  const [first] = byDay((view.pending ?? []).filter((each) => each.unit === unit));
  if (!first) return [];
  const when = words.t('balance.pending', { day: words.shortDate(first.on) });
  return part('hourglass', when, words.withSign(Number(first.quantity)), '');
}

/**
 * @template {{on: string}} Dated
 * @param {Dated[]} list
 */
const byDay = (list) => [...list].sort((a, b) => a.on.localeCompare(b.on));

/**
 * Nothing is known of it, which is not the same as nothing.
 *
 * @param {Words} words
 */
function unknownBalance(words) {
  return h('div', { class: 'balance balance-hidden' },
    line('p', 'balance-title', words.t('balance.unknown')),
    h('p', { class: 'balance-text' }, words.t('balance.unknown_why')));
}

/** Most characters of a number at its full size, and at the next. */
const FIGURE_CHARS = [6, 8];

/** @param {string} number */
export function figure(number) {
  const steps = FIGURE_CHARS.filter((most) => number.length > most).length;
  return h('p', { class: 'figure', title: number, 'data-long': steps > 0 ? String(steps) : null }, number);
}

/**
 * @param {string} picture
 * @param {string} name
 * @param {string} value
 * @param {string} remark
 * @param {boolean} nothing
 */
function part(picture, name, value, remark, nothing = false) {
  const quiet = nothing ? ' part-nothing' : '';
  return [
    h('dt', { class: `part-name${quiet}`, title: name }, icon(picture), h('span', {}, name)),
    h('dd', { class: `part-value${quiet}` }, h('span', { class: 'part-number' }, value), remark ? line('span', 'part-remark', remark) : null),
  ];
}

/**
 * The unit's word without its number.
 *
 * @param {string} unit
 * @param {number} n
 * @param {Words} words
 */
const unitName = (unit, n, words) => (unit === 'points' ? words.count('unit.points_word', n) : unit);

/**
 * The time that a balance is from, when that matters.
 *
 * @param {Balance} have
 * @param {MemberView} view
 * @param {Words} words
 */
function asOf(have, view, words) {
  const time = parsed(have.as_of ?? view.as_of);
  if (time === null) return words.t('balance.as_of_unknown');
  if (Date.now() - time.getTime() < FRESH_MS) return '';
  return words.t('balance.as_of', { when: words.when(have.as_of ?? view.as_of) });
}

/**
 * The offer to mention now, with the words to say; one that waits for a yes has a key for it until the sale is done.
 *
 * @param {MemberView} view
 * @param {boolean} served
 * @param {Words} words
 */
function offer(view, served, words) {
  const best = offerToMention(view);
  if (best === null) return null;
  const say = best.say || best.title;
  return h('div', { class: 'offer' },
    icon('speech'),
    h('div', { class: 'offer-words', title: say },
      line('p', 'offer-label', words.t('offer.mention')),
      h('p', { class: 'offer-say' }, say)),
    best.active === false && !served
      ? h('button', { type: 'button', class: 'small-action', 'data-activate': best.id, 'data-focus': 'activate', 'aria-keyshortcuts': 'F9' },
        h('span', {}, words.t('offer.activate')), h('kbd', {}, 'F9'))
      : null,
  );
}

/**
 * The first offer is the one to mention: the agent has ranked them.
 *
 * @param {MemberView | null} view
 */
export function offerToMention(view) {
  if (view === null || standing(view) !== 'member') return null;
  return view.offers?.[0] ?? null;
}

/**
 * What else there is to say, the most useful first.
 *
 * @param {MemberView} view
 * @param {Words} words
 */
function facts(view, words) {
  const [soon] = byDay(view.expiring ?? []);
  const expires = soon ? [expiring(soon, words)] : [];
  const shown = [
    ...(view.messages ?? []).map((message) => fact('speech', message.text, 'fact-say')),
    ...(soon?.warn ? expires : []),
    ...(view.stamps ?? []).map((card) => way('stamp', card, words)),
    ...(view.progress ?? []).filter((each) => each.towards === 'challenge').map((each) => way('flag', each, words)),
    ...(soon?.warn ? [] : expires),
    ...(view.memberships ?? []).map((each) => fact('star', membership(each, words), '')),
  ];
  return shown.slice(0, FACTS_MAX);
}

/**
 * @param {{title: string, until: string | null}} running
 * @param {Words} words
 */
function membership({ title, until }, words) {
  if (until === null) return words.t('fact.membership_endless', { title });
  return words.t('fact.membership', { title, day: words.date(until) });
}

/**
 * @param {import('./shapes.js').Dated} soon
 * @param {Words} words
 */
function expiring(soon, words) {
  const points = words.unit(soon.unit, Number(soon.quantity));
  return fact('clock', words.t('fact.expires', { points, day: words.date(soon.on) }), 'fact-expires');
}

/**
 * How far a stamp card or a challenge is: its words, and dots or a bar.
 *
 * @param {string} picture
 * @param {Progress} progress
 * @param {Words} words
 */
function way(picture, progress, words) {
  const have = Number(progress.have);
  const need = Number(progress.need);
  const count = words.t('fact.of', { have: words.number(have), need: words.number(need) });
  const text = progress.say || `${progress.title}: ${count}`;
  return h('li', { class: 'fact fact-way', title: text },
    icon(picture),
    h('span', { class: 'fact-text' }, text),
    need > 0 && need <= DOTS_MAX && Number.isInteger(need) ? dots(have, need) : bar(have, need));
}

/**
 * @param {number} have  A half counts as one that is half full.
 * @param {number} need
 */
function dots(have, need) {
  const fill = (/** @type {number} */ at) => (have >= at + 1 ? 'full' : have >= at + 0.5 ? 'half' : 'none');
  return h('span', { class: 'dots', 'aria-hidden': 'true' },
    ...Array.from({ length: need }, (_, at) => h('i', { class: `dot dot-${fill(at)}` })));
}

/**
 * A meter keeps its own width without a style of its own, which the policy would not allow.
 *
 * @param {number} have
 * @param {number} need
 */
function bar(have, need) {
  return h('progress', { class: 'bar', value: String(Math.max(0, have)), max: String(Math.max(1, need)), 'aria-hidden': 'true' });
}

/**
 * @param {string} picture
 * @param {string} text
 * @param {string} className
 */
function fact(picture, text, className) {
  return h('li', { class: `fact ${className}`, title: text }, icon(picture), h('span', { class: 'fact-text' }, text));
}

/**
 * @param {MemberView} view
 * @param {Words} words
 */
export function cardLine(view, words) {
  return line('p', 'card-number', view.card ? `${words.t('member.card')} ${shortMask(view.card)}` : '');
}

/** The mask as the agent sends it has a star per digit; four and the rest say as much. */
export const shortMask = (/** @type {string} */ card) => card.replace(/^\*{4,}/, '•••• ');
