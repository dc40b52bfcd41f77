/** What the agent answers, as far as the page uses it: shapes alone, the contract has the words for them. */

/**
 * @typedef {object} Balance  One unit's balance, as in the contract.
 * @property {number} confirmed
 * @property {number} unconfirmed
 * @property {number} [maturing]
 * @property {number} [held]
 * @property {number} [spendable]
 * @property {string} [as_of]
 */

/**
 * @typedef {object} MemberView  As the API answers `identify`.
 * @property {boolean} known
 * @property {string} [standing]  `known`, `unknown`, `blocked` or `erased`.
 * @property {{id?: string, display_name?: string, tier?: string, since?: string} | null} [member]
 * @property {string} [card]  Masked.
 * @property {Record<string, Balance> | null} [balance]
 * @property {Tier | null} [tier]
 * @property {Progress[]} [stamps]
 * @property {Progress[]} [progress]
 * @property {Reward[]} [rewards]
 * @property {Redemption[]} [redemptions]  What is reserved for this customer.
 * @property {{id: string, title: string, say?: string | null, until?: string | null, active?: boolean}[]} [offers]
 * @property {Dated[]} [pending]
 * @property {(Dated & {warn?: boolean})[]} [expiring]
 * @property {{id: string, title: string, until: string | null}[]} [memberships]
 * @property {{id: string, text: string}[]} [messages]
 * @property {Question[]} [questions]
 * @property {string | null} [not_worked_out]  There where the rules failed on all but the balance.
 * @property {string} [as_of]
 */

/** @typedef {{unit: string, quantity: number | string, on: string}} Dated  A quantity and its day. */
/** @typedef {{id: string | null, title: string | null, next?: Progress | null}} Tier */

/**
 * @typedef {object} Progress  How far the customer is on the way to something.
 * @property {string} id
 * @property {string} [towards]  `tier`, `stamp-card`, `challenge` or `reward`.
 * @property {string} title
 * @property {number | string} have
 * @property {number | string} need
 * @property {string} [stand]  `on-the-way`, `to-activate` or `reached`.
 * @property {string} [say]  The line for people.
 */

/**
 * @typedef {object} Reward
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {number | string} cost
 * @property {number | null} [value]  In minor units.
 * @property {boolean} available
 * @property {string | null} [why_not]
 * @property {Choose | null} [choose]
 */

/** @typedef {{step: number | string, least: number | string, most: number | string, value: number | string | null}} Choose */
/** @typedef {{redemption_id: string, reward: string, cost: number | string, unit: string, discount: number | null, state: string}} Redemption */
/** @typedef {{id: string, text: string, answers: {value: number | string, text: string}[], where?: string[]}} Question */

/**
 * @typedef {object} Entry
 * @property {string} unit
 * @property {number} quantity
 * @property {string} rule
 * @property {string} [why]
 * @property {boolean} [bonus]
 */

/**
 * @typedef {object} Result  As the API answers a sale, return or void.
 * @property {string} sale_id
 * @property {Entry[]} [entries]
 * @property {Record<string, number>} [earned]
 * @property {Record<string, Balance> | null} [balance]
 * @property {string | null} [card]  Masked; null without one.
 * @property {boolean} [awaiting_original]  A return whose sale another till made.
 * @property {Question[]} [questions]
 * @property {{id: string, title: string, prize: string}[]} [surprises]
 * @property {string} [not_worked_out]  There where the rules failed, and it is recorded without them.
 */

/**
 * @typedef {object} Device
 * @property {string} id
 * @property {string} role
 * @property {string} kind
 * @property {string} [where]
 * @property {string} state
 * @property {string | null} [reason]
 * @property {string | null} [since]
 * @property {any} [last]
 */

export {};
