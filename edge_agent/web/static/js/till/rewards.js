/** Drawing what the customer can have for points, each on its key. */

import { h, icon, line } from '../core/dom.js';
import { reservedOf, rewardsOf } from './programme.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./shapes.js').Reward} Reward */
/** @typedef {import('../core/texts.js').Words} Words */

/**
 * @param {State} state
 * @param {Words} words
 * @returns {Node[] | null}  Null where there is nothing to choose from.
 */
export function rewards(state, words) {
  const shown = rewardsOf(state);
  if (shown.length === 0) return null;
  return [
    line('h2', 'rewards-title', words.t('reward.title')),
    h('ol', { class: 'rewards' }, ...shown.map((reward, index) => row(state, reward, String(index + 1), words))),
  ];
}

/**
 * @param {State} state
 * @param {Reward} reward
 * @param {string} key
 * @param {Words} words
 */
function row(state, reward, key, words) {
  const reserved = reservedOf(state, reward.id);
  const is = reserved ? 'reserved' : reward.available ? 'available' : 'away';
  const below = reserved ? words.t('reward.reserved', { what: reservedWords(state, reserved, words) }) : priceWords(state, reward, words);
  const button = h('button',
    {
      type: 'button', class: 'reward', 'data-reward': reward.id, 'data-is': is, 'data-focus': `reward-${key}`,
      'aria-keyshortcuts': key, 'aria-pressed': reserved ? 'true' : 'false', 'aria-disabled': is === 'away' ? 'true' : null,
      title: `${reward.title} · ${below}`,
    },
    h('kbd', {}, key),
    h('span', { class: 'reward-words' },
      h('span', { class: 'reward-title' }, reward.title),
      h('span', { class: 'reward-below' }, below)),
    reserved ? icon('check') : null);
  return h('li', {}, button);
}

/**
 * What it costs and is worth; for one that cannot be had now, why not.
 *
 * @param {State} state
 * @param {Reward} reward
 * @param {Words} words
 */
function priceWords(state, reward, words) {
  if (!reward.available) return reward.why_not || words.t('reward.not_now');
  if (reward.choose) return words.t('reward.choose', { points: words.unit(reward.unit, Number(reward.choose.most)) });
  const price = costWords(reward.unit, reward.cost, words);
  const worth = moneyWords(state, reward.value, words);
  return worth && price ? `${price} · ${worth}` : price || worth || words.t('reward.free');
}

/**
 * @param {State} state
 * @param {import('./shapes.js').Redemption} reserved
 * @param {Words} words
 */
function reservedWords(state, reserved, words) {
  return moneyWords(state, reserved.discount, words) || costWords(reserved.unit, reserved.cost, words);
}

/**
 * A reward that was issued is paid with itself, which is no price.
 *
 * @param {string} unit
 * @param {number | string} cost
 * @param {Words} words
 */
const costWords = (unit, cost, words) => (unit.includes('/') ? '' : words.unit(unit, Number(cost)));

/**
 * @param {State} state
 * @param {number | null | undefined} minor
 * @param {Words} words
 */
export function moneyWords(state, minor, words) {
  const currency = state.status?.programme?.currency;
  return typeof minor === 'number' && minor > 0 && currency ? words.money(minor, currency) : '';
}
