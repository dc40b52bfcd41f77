/** What the programme has for the customer who is here: rewards by key, what is reserved, offers, the question to ask. */

import { standing } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./shapes.js').Question} Question */
/** @typedef {import('./shapes.js').Redemption} Redemption */
/** @typedef {import('./shapes.js').Reward} Reward */

/** Keys on a number pad that choose a reward. */
export const REWARD_KEYS_MAX = 9;

/**
 * The rewards by key, the first on 1; empty for who may not see them and once the sale is done.
 *
 * @param {State} state
 * @returns {Reward[]}
 */
export function rewardsOf(state) {
  const view = state.customer;
  if (view === null || state.sale !== null || standing(view) !== 'member') return [];
  const rewards = new Map((view.rewards ?? []).map((reward) => [reward.id, reward]));
  return state.keys.map((id) => rewards.get(id)).filter((reward) => reward !== undefined).slice(0, REWARD_KEYS_MAX);
}

/**
 * What is reserved of a reward.
 *
 * @param {State} state
 * @param {string} reward
 */
export function reservedOf(state, reward) {
  return (state.customer?.redemptions ?? []).find((each) => each.reward === reward) ?? null;
}

/**
 * A redemption was reserved, cancelled or committed.
 *
 * @param {State} state
 * @param {Redemption} redemption
 * @returns {State}
 */
export function redeemed(state, redemption) {
  if (state.customer === null) return state;
  const others = (state.customer.redemptions ?? []).filter((each) => each.redemption_id !== redemption.redemption_id);
  const redemptions = redemption.state === 'reserved' ? [...others, redemption] : others;
  return { ...state, customer: { ...state.customer, redemptions } };
}

/**
 * @param {State} state
 * @param {string} offer  Its id.
 * @returns {State}
 */
export function activated(state, offer) {
  if (state.customer === null) return state;
  const offers = (state.customer.offers ?? []).map((each) => (each.id === offer ? { ...each, active: true } : each));
  return { ...state, customer: { ...state.customer, offers } };
}

/**
 * The question to ask now: after the sale, when the customer has a hand free.
 *
 * @param {State} state
 * @returns {Question | null}
 */
export function questionOf(state) {
  if (state.sale?.kind !== 'sale') return null;
  const here = (/** @type {Question} */ question) => question.where === undefined || question.where.includes('screen');
  const asked = [...(state.sale.result.questions ?? []), ...(state.customer?.questions ?? [])].find(here) ?? null;
  return asked !== null && asked.id !== state.answered && asked.answers.length > 0 ? asked : null;
}

/**
 * The key of each answer, in order: its own digit where the answers are numbers, or else its place.
 *
 * @param {Question} question
 * @returns {string[]}
 */
export function answerKeys(question) {
  const numbers = question.answers.every(({ value }) => typeof value === 'number' && value >= 0 && value <= 10);
  return question.answers.map(({ value }, index) => {
    const key = numbers ? Number(value) : index + 1;
    return key === 10 ? '+' : key < 10 ? String(key) : '';
  });
}
