/** The dialog in which a card number is typed, on a keyboard or on the keys that it draws. */

import { byId, h, icon } from '../core/dom.js';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', 'clear', '0', 'back'];

/** Fewest characters worth sending: a slip of the hand is no card number. */
const CODE_CHARS_MIN = 4;

export class Keyed {
  /** @param {(code: string) => void} onCode */
  constructor(onCode) {
    this.onCode = onCode;
    this.dialog = /** @type {HTMLDialogElement} */ (byId('keyed'));
    this.input = /** @type {HTMLInputElement} */ (byId('keyed-code'));
    byId('keyed-cancel').addEventListener('click', () => this.close());
    byId('keyed-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
    // Whatever closes it, the number does not stay behind.
    this.dialog.addEventListener('close', () => this.forget());
  }

  /** @param {import('../core/texts.js').Words} words */
  draw(words) {
    byId('keypad').replaceChildren(...KEYS.map((key) => this.key(key, words)));
  }

  /**
   * @param {string} key
   * @param {import('../core/texts.js').Words} words
   */
  key(key, words) {
    const label = key === 'clear' ? words.t('keyed.clear') : key === 'back' ? words.t('keyed.back') : null;
    const face = key === 'back' ? icon('erase') : key === 'clear' ? 'C' : key;
    const button = h('button', { type: 'button', class: 'key', 'data-key': key, 'aria-label': label, title: label }, face);
    button.addEventListener('click', () => this.press(key));
    return button;
  }

  /** @param {string} key */
  press(key) {
    const { value } = this.input;
    if (key === 'clear') this.input.value = '';
    else if (key === 'back') this.input.value = value.slice(0, -1);
    else if (value.length < this.input.maxLength) this.input.value = value + key;
    this.input.classList.remove('keyed-short');
  }

  open() {
    if (this.dialog.open) return;
    this.forget();
    this.dialog.showModal();
    this.input.focus();
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  get isOpen() {
    return this.dialog.open;
  }

  forget() {
    this.input.value = '';
    this.input.classList.remove('keyed-short');
  }

  send() {
    const code = this.input.value.replace(/[\s-]/g, '');
    if (code.length < CODE_CHARS_MIN) {
      this.input.classList.add('keyed-short');
      this.input.focus();
      return;
    }
    this.close();
    this.onCode(code);
  }
}
