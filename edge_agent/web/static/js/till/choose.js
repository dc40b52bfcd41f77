/** The dialog in which the customer says how many points to use: typed, or up and down by steps. */

import { byId } from '../core/dom.js';

/** @typedef {import('./shapes.js').Reward} Reward */
/** @typedef {import('../core/texts.js').Words} Words */

export class Choosing {
  /**
   * @param {(reward: string, points: string) => void} onChosen
   * @param {(minor: number, words: Words) => string} money
   */
  constructor(onChosen, money) {
    this.onChosen = onChosen;
    this.money = money;
    /** @type {Reward | null} */
    this.reward = null;
    /** @type {Words | null} */
    this.words = null;
    this.dialog = /** @type {HTMLDialogElement} */ (byId('choose'));
    this.input = /** @type {HTMLInputElement} */ (byId('choose-points'));
    byId('choose-cancel').addEventListener('click', () => this.close());
    byId('choose-less').addEventListener('click', () => this.step(-1));
    byId('choose-more').addEventListener('click', () => this.step(1));
    byId('choose-least').addEventListener('click', () => this.put(this.range().least));
    byId('choose-most').addEventListener('click', () => this.put(this.range().most));
    this.input.addEventListener('input', () => this.tell());
    this.dialog.addEventListener('keydown', (event) => this.key(event));
    byId('choose-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
  }

  get isOpen() {
    return this.dialog.open;
  }

  /**
   * @param {Reward} reward
   * @param {Words} words
   */
  open(reward, words) {
    if (this.dialog.open || !reward.choose) return;
    this.reward = reward;
    this.words = words;
    const { least, most } = this.range();
    byId('choose-title').textContent = reward.title;
    byId('choose-least').textContent = words.t('choose.least', { n: words.number(least) });
    byId('choose-most').textContent = words.t('choose.most', { n: words.number(most) });
    this.dialog.showModal();
    this.put(most);
    this.input.focus();
    this.input.select();
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  range() {
    const { step = 1, least = 0, most = 0 } = this.reward?.choose ?? {};
    return { step: Number(step), least: Number(least), most: Number(most) };
  }

  /** What is typed, as a number of points; NaN for no number. */
  typed() {
    return Number(this.input.value.trim().replace(',', '.') || Number.NaN);
  }

  /** @param {number} direction */
  step(direction) {
    const { step, least, most } = this.range();
    const now = this.typed();
    if (Number.isNaN(now)) this.put(least);
    // From between two steps to the next one in that direction.
    else this.put(Math.min(most, Math.max(least, (direction > 0 ? Math.floor(now / step) + 1 : Math.ceil(now / step) - 1) * step)));
  }

  /** @param {number} points */
  put(points) {
    this.input.value = String(points);
    this.tell();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const direction = /** @type {Record<string, number>} */ ({ ArrowUp: 1, ArrowDown: -1, '+': 1, '-': -1 })[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    this.step(direction);
  }

  /** Whether what is typed can be had: within the range and in whole steps. */
  fits() {
    const { step, least, most } = this.range();
    const points = this.typed();
    return points >= least && points <= most && points % step === 0;
  }

  /** Says what it is worth, or between what it has to be. */
  tell() {
    const { words, reward } = this;
    if (!words || !reward?.choose) return;
    const { step, least, most } = this.range();
    const value = reward.choose.value === null ? 0 : (this.typed() / step) * Number(reward.choose.value);
    const bounds = { least: words.number(least), most: words.number(most), step: words.number(step) };
    const fits = this.fits();
    byId('choose-worth').textContent = fits ? this.money(Math.round(value), words) || words.t('choose.worth_later') : words.t('choose.bounds', bounds);
    byId('choose-worth').dataset.fits = String(fits);
    this.input.classList.toggle('keyed-short', !fits);
  }

  send() {
    if (!this.fits() || this.reward === null) {
      this.input.focus();
      return;
    }
    this.close();
    this.onChosen(this.reward.id, String(this.typed()));
  }
}
