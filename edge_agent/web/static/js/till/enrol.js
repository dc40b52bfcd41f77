/** The dialog in which somebody becomes a member: name, e-mail or phone, and what they agree to. */

import { get, Problem } from '../core/api.js';
import { byId, h, redraw } from '../core/dom.js';

/** @typedef {import('../core/texts.js').Words} Words */
/** @typedef {{purpose: string, version: string, text: Record<string, string>, required: boolean}} Consent */
/** @typedef {{profile: Record<string, string>, consents: {purpose: string, version: string, given: boolean}[]}} Form */

/** As the agent asks of an e-mail address and a phone number: something on both sides of the at, six digits. */
const EMAIL = /^\S+@\S+\.\S+$/;
const PHONE_DIGITS_MIN = 6;

export class Enrolment {
  /** @param {(form: Form) => void} onForm */
  constructor(onForm) {
    this.onForm = onForm;
    /** @type {Words | null} */
    this.words = null;
    /** What is to be agreed to; null while that is not known.
     * @type {Consent[] | null} */
    this.consents = null;
    this.dialog = /** @type {HTMLDialogElement} */ (byId('enrol'));
    this.fields = { name: field('enrol-name'), email: field('enrol-email'), phone: field('enrol-phone') };
    byId('enrol-cancel').addEventListener('click', () => this.close());
    byId('enrol-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
    byId('enrol-form').addEventListener('input', () => this.tell(''));
    // Whatever closes it, nothing about anybody stays behind.
    this.dialog.addEventListener('close', () => this.forget());
  }

  get isOpen() {
    return this.dialog.open;
  }

  /**
   * @param {Words} words
   * @param {string} card  Masked; empty without one.
   */
  async open(words, card) {
    if (this.dialog.open) return;
    this.words = words;
    this.forget();
    this.hold(card);
    this.dialog.showModal();
    this.fields.name.focus();
    try {
      this.consents = (await get('/v1/enrolment')).consents;
      this.drawConsents();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.tell(words.t('enrol.no_texts'));
    }
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  /**
   * The card that the new member gets: the last one scanned.
   *
   * @param {string} card  Masked.
   */
  hold(card) {
    byId('enrol-card').textContent = this.words?.t(card ? 'enrol.card' : 'enrol.no_card', { card }) ?? '';
  }

  /**
   * A scanner that poses as a keyboard typed a card's number into a field.
   *
   * @param {string} text
   */
  untype(text) {
    for (const input of Object.values(this.fields)) {
      if (input.value.endsWith(text)) input.value = input.value.slice(0, -text.length);
    }
  }

  forget() {
    for (const input of Object.values(this.fields)) input.value = '';
    this.consents = null;
    byId('enrol-consents').replaceChildren();
    this.tell('');
  }

  drawConsents() {
    const { words, consents } = this;
    if (!words || !consents) return;
    const rows = consents.map((consent) => {
      const text = consent.text[words.language] + (consent.required ? ` (${words.t('enrol.required')})` : '');
      return h('label', { class: 'consent', title: text },
        h('input', { type: 'checkbox', 'data-purpose': consent.purpose }),
        h('span', { class: 'consent-text' }, text));
    });
    redraw(byId('enrol-consents'), ...rows);
  }

  /** @param {string} fault  What is still wrong; empty for nothing. */
  tell(fault) {
    byId('enrol-fault').textContent = fault;
  }

  send() {
    const { words, consents } = this;
    if (!words || !consents) return;
    const [name, email, phone] = [this.fields.name, this.fields.email, this.fields.phone].map((input) => input.value.trim());
    const given = consents.map((consent) => ({ purpose: consent.purpose, version: consent.version, given: this.ticked(consent.purpose) }));
    const wrong = this.wrong(name, email, phone, given);
    if (wrong !== null) {
      this.tell(words.t(wrong.text));
      wrong.at?.focus();
      return;
    }
    const profile = Object.fromEntries(
      Object.entries({ display_name: name, email, phone, language: words.language }).filter(([, value]) => value !== ''),
    );
    this.close();
    this.onForm({ profile, consents: given });
  }

  /** @param {string} purpose */
  ticked(purpose) {
    return this.box(purpose)?.checked ?? false;
  }

  /** @param {string} purpose */
  box(purpose) {
    return /** @type {HTMLInputElement | null} */ (this.dialog.querySelector(`[data-purpose="${CSS.escape(purpose)}"]`));
  }

  /**
   * The first thing that is wrong, as a key of a text, and where.
   *
   * @param {string} name
   * @param {string} email
   * @param {string} phone
   * @param {{purpose: string, given: boolean}[]} given
   * @returns {{text: string, at: HTMLElement | null} | null}
   */
  wrong(name, email, phone, given) {
    const { fields, consents } = this;
    if (name === '') return { text: 'enrol.name_needed', at: fields.name };
    if (email === '' && phone === '') return { text: 'enrol.reach_needed', at: fields.email };
    if (email !== '' && !EMAIL.test(email)) return { text: 'enrol.email_wrong', at: fields.email };
    if (phone !== '' && phone.replace(/\D/g, '').length < PHONE_DIGITS_MIN) return { text: 'enrol.phone_wrong', at: fields.phone };
    const lacking = consents?.find((consent, index) => consent.required && !given[index].given);
    return lacking ? { text: 'enrol.consent_needed', at: this.box(lacking.purpose) } : null;
  }
}

/** @param {string} id */
const field = (id) => /** @type {HTMLInputElement} */ (byId(id));
