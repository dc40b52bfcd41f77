/** The words of the pages, and numbers and times as the language writes them. */

import de from './../texts/de.js';
import en from './../texts/en.js';
import fr from './../texts/fr.js';
import nl from './../texts/nl.js';

/** @typedef {'nl' | 'en' | 'de' | 'fr'} Language */

/** @type {Record<Language, Record<string, string>>} */
const TEXTS = { nl, en, de, fr };

/** In the order of the buttons: Dutch first. */
export const LANGUAGES = /** @type {Language[]} */ (Object.keys(TEXTS));

/** Regions whose way of writing numbers and times goes with each language. */
const LOCALES = { nl: 'nl-NL', en: 'en-GB', de: 'de-DE', fr: 'fr-FR' };

const CHOSEN = 'edge-agent.language';

/**
 * What was chosen on this machine before, or else the terminal's own.
 *
 * @param {string | undefined} own  The terminal's, from the page.
 * @returns {Language}
 */
export function firstLanguage(own) {
  const wanted = [localStorage.getItem(CHOSEN), own];
  return LANGUAGES.find((known) => wanted[0] === known) ?? LANGUAGES.find((known) => wanted[1] === known) ?? 'nl';
}

/** @param {Language} language */
export function remember(language) {
  localStorage.setItem(CHOSEN, language);
}

/** One language's words; made again when another is chosen. */
export class Words {
  /** @param {Language} language */
  constructor(language) {
    this.language = language;
    this.locale = LOCALES[language];
    this.texts = TEXTS[language];
    this.plurals = new Intl.PluralRules(this.locale);
    this.numbers = new Intl.NumberFormat(this.locale, { maximumFractionDigits: 3 });
    this.signed = new Intl.NumberFormat(this.locale, { maximumFractionDigits: 3, signDisplay: 'exceptZero' });
    this.clock = new Intl.DateTimeFormat(this.locale, { hour: '2-digit', minute: '2-digit' });
    this.seconds = new Intl.DateTimeFormat(this.locale, { timeStyle: 'medium' });
    this.day = new Intl.DateTimeFormat(this.locale, { day: 'numeric', month: 'long', year: 'numeric' });
    this.shortDay = new Intl.DateTimeFormat(this.locale, { day: 'numeric', month: 'short' });
    this.dayAndClock = new Intl.DateTimeFormat(this.locale, {
      day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit',
    });
    this.whole = new Intl.DateTimeFormat(this.locale, { dateStyle: 'short', timeStyle: 'medium' });
  }

  /**
   * @param {string} key
   * @param {Record<string, string>} values  For the `{name}`s in the text.
   */
  t(key, values = {}) {
    const text = this.texts[key];
    if (text === undefined) throw new Error(`no text ${key} in ${this.language}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
  }

  /**
   * A number of things: `KEY.one` or `KEY.other`, with `{n}`.
   *
   * @param {string} key
   * @param {number} n
   * @param {Record<string, string>} values
   */
  count(key, n, values = {}) {
    const form = this.plurals.select(Math.abs(n)) === 'one' ? 'one' : 'other';
    return this.t(`${key}.${form}`, { n: this.numbers.format(n), ...values });
  }

  /**
   * The word for a unit beside its number; a stamp card's own name where we have none.
   *
   * @param {string} unit
   * @param {number} n
   */
  unit(unit, n) {
    return unit === 'points' ? this.count('unit.points', n) : unit;
  }

  /**
   * An amount in minor units.
   *
   * @param {number} minor
   * @param {string} currency  ISO 4217.
   */
  money(minor, currency) {
    const format = new Intl.NumberFormat(this.locale, { style: 'currency', currency });
    return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
  }

  /** @param {number} n */
  number(n) {
    return this.numbers.format(n);
  }

  /** @param {number} n */
  withSign(n) {
    // A true minus: as wide as the plus, and no hyphen to break at.
    return this.signed.format(n).replace('-', '−');
  }

  /**
   * The clock for today, with the day for another one.
   *
   * @param {string | null | undefined} time  RFC 3339.
   */
  when(time) {
    const date = parsed(time);
    if (date === null) return this.t('time.unknown');
    const today = date.toDateString() === new Date().toDateString();
    return (today ? this.clock : this.dayAndClock).format(date);
  }

  /** @param {string | null | undefined} time  RFC 3339. */
  exactly(time) {
    const date = parsed(time);
    return date === null ? this.t('time.unknown') : this.whole.format(date);
  }

  /** @param {string} day  YYYY-MM-DD, or a time. */
  date(day) {
    const date = dayOf(day);
    return date === null ? this.t('time.unknown') : this.day.format(date);
  }

  /** @param {string} day  YYYY-MM-DD, or a time; one of the coming months. */
  shortDate(day) {
    const date = dayOf(day);
    return date === null ? this.t('time.unknown') : this.shortDay.format(date);
  }

  /** @param {number} seconds */
  duration(seconds) {
    if (seconds < 90) return this.count('time.seconds', Math.max(0, Math.round(seconds)));
    if (seconds < 5400) return this.count('time.minutes', Math.round(seconds / 60));
    if (seconds < 172800) return this.count('time.hours', Math.round(seconds / 3600));
    return this.count('time.days', Math.round(seconds / 86400));
  }

  /** @param {number} bytes */
  bytes(bytes) {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
    const power = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
    const format = { style: 'unit', unit: units[power], maximumFractionDigits: power > 2 ? 1 : 0 };
    return new Intl.NumberFormat(this.locale, /** @type {Intl.NumberFormatOptions} */ (format)).format(
      bytes / 1000 ** power,
    );
  }

  /** Puts the words into the parts of the page that came with the template. */
  applyTo(/** @type {Document} */ page) {
    page.documentElement.lang = this.language;
    for (const element of page.querySelectorAll('[data-text]')) {
      const text = this.t(/** @type {HTMLElement} */ (element).dataset.text ?? '');
      element.textContent = text;
      element.setAttribute('title', text);
    }
    for (const element of page.querySelectorAll('[data-label]')) {
      element.setAttribute('aria-label', this.t(/** @type {HTMLElement} */ (element).dataset.label ?? ''));
    }
  }
}

/**
 * Noon of a day, so that it is that day in every time zone of ours.
 *
 * @param {string} day
 */
const dayOf = (day) => parsed(/^\d{4}-\d\d-\d\d$/.test(day) ? `${day}T12:00:00` : day);

/**
 * @param {string | null | undefined} time
 * @returns {Date | null}
 */
export function parsed(time) {
  if (typeof time !== 'string') return null;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date;
}
