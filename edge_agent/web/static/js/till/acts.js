/**
 * What the cashier does for a customer, as calls to the agent. Each has an id of ours that stays until the agent has
 * answered: pressed again after no answer, it is the same act and happens once.
 */

import { post, Problem } from '../core/api.js';

/** @typedef {import('./shapes.js').Redemption} Redemption */
/** @typedef {{code: string, entry: string} | {card: {from: 'till'}}} Holder  Who an act is about. */

export class Acts {
  constructor() {
    /** What is being asked -> its id.
     * @type {Map<string, string>} */
    this.ids = new Map();
  }

  /** Another customer: nothing of the former one's is repeated. */
  forget() {
    this.ids.clear();
  }

  /**
   * @param {Holder} holder
   * @param {string} reward
   * @param {string | null} points  As many as the customer chose; null where the reward has its price.
   * @returns {Promise<Redemption>}
   */
  reserve(holder, reward, points) {
    const wish = points === null ? { reward } : { reward, points };
    return this.once(`reserve ${reward} ${points}`, '/v1/redemptions', 'redemption_id', { ...holder, ...wish });
  }

  /**
   * @param {string} redemptionId
   * @returns {Promise<Redemption>}
   */
  cancel(redemptionId) {
    return post(`/v1/redemptions/${encodeURIComponent(redemptionId)}/cancel`, {});
  }

  /**
   * @param {Holder} holder
   * @param {string} offer
   */
  activate(holder, offer) {
    const body = { ...holder, action: `activate/${offer}` };
    return this.once(`activate ${offer}`, '/v1/actions', 'action_id', body);
  }

  /**
   * @param {string} saleId  The sale that it was asked after: its buyer answers.
   * @param {string} question
   * @param {number | string} value
   */
  answer(saleId, question, value) {
    const body = { question, value, sale_id: saleId };
    return this.once(`answer ${saleId} ${question} ${value}`, '/v1/answers', 'answer_id', body);
  }

  /**
   * @param {Holder | {}} holder  Empty for somebody without a card.
   * @param {{profile: object, consents: object[]}} form
   */
  enrol(holder, form) {
    return this.once(`enrol ${JSON.stringify(form)}`, '/v1/members', 'member_id', { ...holder, ...form });
  }

  /**
   * @param {string} what  Tells this act from others of the same customer.
   * @param {string} path
   * @param {string} name  Of the field that the id goes in.
   * @param {object} body
   */
  async once(what, path, name, body) {
    const id = this.ids.get(what) ?? crypto.randomUUID();
    this.ids.set(what, id);
    try {
      const answer = await post(path, { [name]: id, ...body });
      this.ids.delete(what);
      return answer;
    } catch (error) {
      // An answer, if only a no: the next press is another act.
      if (error instanceof Problem && error.code !== 'unreachable') this.ids.delete(what);
      throw error;
    }
  }
}
