/** Store IT's page: what the agent says of itself and its devices, and what to do about it. */

import { post, Problem } from '../core/api.js';
import { byId, setting } from '../core/dom.js';
import { Feed } from '../core/feed.js';
import { languageButtons } from '../core/languages.js';
import { firstLanguage, remember, Words } from '../core/texts.js';
import { drawCode } from './code.js';
import { drawDevices, drawFigures, drawScans, drawVerdict } from './panels.js';

/** Scans kept on the page; enough to see a scanner work, and nothing to browse in. */
const SCANS_MAX = 50;

/** @typedef {{device: string, shown: string, symbology?: string | null, accepted: boolean, reason?: string | null, at: Date}} Scan */
/** @typedef {'sent' | 'done' | 'scan' | 'failed'} Test */

class ItPage {
  constructor() {
    this.words = new Words(firstLanguage(document.body.dataset.language));
    /** @type {import('../core/feed.js').Link} */
    this.link = 'loading';
    /** @type {any} */
    this.status = null;
    /** @type {Map<string, import('../till/state.js').Device>} */
    this.devices = new Map();
    /** @type {Scan[]} */
    this.scans = [];
    /** How the last test of each device went.
     * @type {Map<string, Test>} */
    this.tests = new Map();
    this.markLanguage = languageButtons(byId('languages'), (language) => {
      remember(language);
      this.words = new Words(language);
      this.speak();
    });
    this.feed = new Feed({
      pollMs: setting('pollMs'),
      onSnapshot: (status, devices) => this.take(status, devices),
      onEvent: (name, data) => this.hear(name, data),
      onLink: (link) => {
        this.link = link;
        this.draw();
      },
    });
  }

  start() {
    byId('enrolling-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.enrol();
    });
    byId('passing-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.passOn(event.submitter === byId('passing-print'));
    });
    this.speak();
    this.feed.start();
  }

  /**
   * Show a code that is for another till, and print it.
   *
   * @param {boolean} prints
   */
  async passOn(prints) {
    const code = /** @type {HTMLInputElement} */ (byId('passing-code'));
    const till = /** @type {HTMLInputElement} */ (byId('passing-till'));
    const result = byId('passing-result');
    const place = byId('passing');
    result.textContent = '';
    place.hidden = true;
    try {
      const shown = await post('/v1/terminal/codes', { code: code.value, till: till.value, print: prints });
      drawCode(place, shown, `${this.words.t('it.passing_till')} ${till.value}`);
      place.hidden = false;
      if (prints) result.textContent = this.words.t(shown.print === 'queued' ? 'it.passing_printing' : 'it.passing_not_printed');
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      result.textContent = this.words.t(error.code === 'invalid' ? 'it.passing_no_code' : 'it.passing_failed');
      code.select();
    }
  }

  /** Exchange the code that was typed, or that a scanner typed. */
  async enrol() {
    const field = /** @type {HTMLInputElement} */ (byId('enrolling-code'));
    const result = byId('enrolling-result');
    result.textContent = this.words.t('it.enrolling_asks');
    try {
      await post('/v1/terminal', { code: field.value });
      field.value = '';
      result.textContent = '';
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      result.textContent = this.words.t(error.code === 'refused' ? 'it.enrolling_refused' : 'it.enrolling_failed');
      field.select();
    }
  }

  speak() {
    this.words.applyTo(document);
    document.title = this.words.t('it.title');
    this.markLanguage(this.words.language);
    this.draw();
  }

  /**
   * @param {any} status
   * @param {any[] | null} devices
   */
  take(status, devices) {
    this.status = status;
    if (devices !== null) this.devices = new Map(devices.map((device) => [device.id, device]));
    this.draw();
  }

  /**
   * @param {import('../core/feed.js').EventName} name
   * @param {any} data
   */
  hear(name, data) {
    if (name === 'device') this.devices.set(data.id, data);
    else if (name === 'sync') this.status = { ...this.status, ...data };
    else if (name === 'scan') this.scans = [{ ...data, at: new Date() }, ...this.scans].slice(0, SCANS_MAX);
    else return;
    this.draw();
  }

  /** @param {string} id */
  async test(id) {
    this.tests.set(id, 'sent');
    this.draw();
    try {
      const answer = await post(`/v1/devices/${encodeURIComponent(id)}/test`, {});
      this.tests.set(id, answer.test === 'scan' ? 'scan' : answer.queued ? 'done' : 'failed');
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.tests.set(id, 'failed');
    }
    this.draw();
  }

  draw() {
    document.body.dataset.link = this.link;
    const devices = [...this.devices.values()];
    byId('passing-print').hidden = !devices.some((device) => device.role === 'printer');
    byId('enrolling').hidden = !['not-enrolled', 'refused'].includes(this.status?.central?.state);
    drawVerdict(byId('verdict'), { link: this.link, status: this.status, devices }, this.words);
    drawDevices(byId('devices'), devices, this.tests, (id) => this.test(id), this.words);
    drawFigures(this.status, this.words);
    drawScans(byId('scans'), this.scans, this.words);
  }
}

new ItPage().start();
