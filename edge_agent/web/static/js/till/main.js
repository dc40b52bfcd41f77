/** The cashier's page: what happens at the agent and on the keyboard, kept in one state and drawn. */

import { post, Problem } from '../core/api.js';
import { byId, setting } from '../core/dom.js';
import { Feed } from '../core/feed.js';
import { languageButtons } from '../core/languages.js';
import { firstLanguage, remember, Words } from '../core/texts.js';
import { listenForScans } from '../core/wedge.js';
import { Keyed } from './keyed.js';
import { notice } from './notices.js';
import { drawMember, drawNotice, drawPills, drawSale, pointsOf } from './regions.js';
import * as till from './state.js';

/** A sale's id is no secret; it lets the last receipt be printed again after the page was reloaded. */
const LAST_SALE = 'edge-agent.last-sale';

/** Why a receipt or slip was not printed -> what to say. */
const NOT_PRINTED = /** @type {Record<string, till.Passing>} */ ({
  unreachable: { tone: 'bad', icon: 'plug', title: 'notice.no_answer', text: 'notice.no_answer_do' },
  'unknown-sale': { tone: 'warn', icon: 'receipt', title: 'notice.no_receipt', text: 'notice.no_receipt_do' },
});
const NOT_PRINTED_OTHERWISE = /** @type {till.Passing} */ ({
  tone: 'warn', icon: 'printer', title: 'notice.not_printed', text: 'notice.not_printed_do',
});
const PRINTING = /** @type {till.Passing} */ ({
  tone: 'good', icon: 'printer', title: 'notice.printing', text: 'notice.printing_do',
});
const NO_RECEIPT = NOT_PRINTED['unknown-sale'];
const NO_SLIP = /** @type {till.Passing} */ ({
  tone: 'warn', icon: 'balance', title: 'notice.no_slip', text: 'notice.no_slip_do',
});

class TillPage {
  constructor() {
    this.times = {
      saleShownMs: setting('saleShownMs'),
      memberShownMs: setting('memberShownMs'),
      noticeShownMs: setting('noticeShownMs'),
    };
    this.words = new Words(firstLanguage(document.body.dataset.language));
    this.state = till.first(sessionStorage.getItem(LAST_SALE));
    /** The code that this page read itself, for a slip; gone with the customer.
     * @type {{card: string | undefined, code: string, entry: string} | null} */
    this.read = null;
    /** Which identify is the latest, so that a slow answer does not bring back a former customer. */
    this.asked = 0;
    /** @type {number | undefined} */
    this.timer = undefined;
    this.announced = '';
    this.keyed = new Keyed((code) => this.identify(code, 'keyed'));
    this.markLanguage = languageButtons(byId('languages'), (language) => this.speak(language));
    this.feed = new Feed({
      pollMs: setting('pollMs'),
      onSnapshot: (status, devices) => this.become(till.snapshot(this.state, status, devices)),
      onEvent: (name, data) => this.hear(name, data),
      onLink: (link) => this.become({ ...this.state, link }),
    });
  }

  start() {
    byId('key-in').addEventListener('click', () => this.keyed.open());
    byId('print-again').addEventListener('click', () => this.printAgain());
    byId('print-balance').addEventListener('click', () => this.printBalance());
    byId('next-customer').addEventListener('click', () => this.next());
    document.addEventListener('keydown', (event) => this.shortcut(event));
    listenForScans(document, (text) => {
      this.keyed.close();
      this.identify(text, 'scanned');
    });
    this.speakNow();
    this.feed.start();
  }

  /** @param {KeyboardEvent} event */
  shortcut(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || this.keyed.isOpen) return;
    const shortcuts = /** @type {Record<string, () => void>} */ ({
      F2: () => this.keyed.open(),
      F4: () => this.printAgain(),
      F8: () => this.printBalance(),
      Escape: () => this.next(),
    });
    const act = shortcuts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /**
   * @param {import('../core/feed.js').EventName} name
   * @param {any} data
   */
  hear(name, data) {
    if (name === 'scan' && data.accepted) this.asked += 1;
    this.become(till.happened(this.state, name, data, Date.now(), this.times));
  }

  /**
   * @param {string} code
   * @param {'keyed' | 'scanned'} entry
   */
  async identify(code, entry) {
    this.asked += 1;
    const mine = this.asked;
    this.become(till.waiting(this.state));
    try {
      const view = await post('/v1/identify', { code, entry });
      if (mine !== this.asked) return;
      this.become(till.identified(this.state, view, Date.now(), this.times));
      this.read = { card: view.card, code, entry };
    } catch (error) {
      if (mine !== this.asked) return;
      this.become(till.refused(this.state, codeOf(error), Date.now(), this.times));
    }
  }

  async printAgain() {
    const { lastSaleId } = this.state;
    if (lastSaleId === null) this.pass(NO_RECEIPT);
    else await this.print(`/v1/receipts/${encodeURIComponent(lastSaleId)}/print`, { copy: true });
  }

  async printBalance() {
    const card = this.slipCard();
    if (card === null) this.pass(NO_SLIP);
    else await this.print('/v1/slips', card);
  }

  /** What names the customer's card: the code that was read here, or the one that the agent read. */
  slipCard() {
    const { customer, sale } = this.state;
    if (customer === null || till.standing(customer) !== 'member' || till.hidden(customer)) return null;
    if (this.read !== null && this.read.card === customer.card) return { code: this.read.code, entry: this.read.entry };
    // The agent lets go of the card that it read with the sale.
    return sale === null ? { card: { from: 'till' } } : null;
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  async print(path, body) {
    try {
      const answer = await post(path, body);
      this.pass(answer?.print === 'failed' ? NOT_PRINTED_OTHERWISE : PRINTING);
    } catch (error) {
      this.pass(NOT_PRINTED[codeOf(error)] ?? NOT_PRINTED_OTHERWISE);
    }
  }

  next() {
    this.asked += 1;
    this.become({ ...till.waiting(this.state), passing: null, passingUntil: null });
  }

  /** @param {till.Passing} passing */
  pass(passing) {
    this.become(till.pass(this.state, passing, Date.now(), this.times));
  }

  /** @param {import('../core/texts.js').Language} language */
  speak(language) {
    remember(language);
    this.words = new Words(language);
    this.speakNow();
  }

  speakNow() {
    this.words.applyTo(document);
    document.title = this.words.t('app.title');
    this.markLanguage(this.words.language);
    this.keyed.draw(this.words);
    this.draw();
  }

  /** @param {till.State} state */
  become(state) {
    if (state.lastSaleId !== null && state.lastSaleId !== this.state.lastSaleId) {
      sessionStorage.setItem(LAST_SALE, state.lastSaleId);
    }
    if (state.customer === null) this.read = null;
    this.state = state;
    this.draw();
    window.clearTimeout(this.timer);
    const deadline = till.nextDeadline(state);
    if (deadline === null) return;
    const wait = Math.max(0, deadline - Date.now());
    this.timer = window.setTimeout(() => this.become(till.expired(this.state, Date.now())), wait);
  }

  draw() {
    const { state, words } = this;
    document.body.dataset.state = till.showing(state);
    document.body.dataset.link = state.link;
    drawPills(byId('pills'), state, words);
    drawMember(byId('member'), state, words);
    drawSale(byId('sale'), state, words);
    drawNotice(byId('notice'), notice(state, words));
    byId('print-again').setAttribute('aria-disabled', String(state.lastSaleId === null));
    byId('print-balance').setAttribute('aria-disabled', String(this.slipCard() === null));
    byId('next-customer').setAttribute('aria-disabled', String(state.customer === null && state.sale === null));
    this.announce();
  }

  /** One sentence for whoever listens to the page instead of looking at it. */
  announce() {
    const { state, words } = this;
    const place = byId(state.sale ? 'sale' : 'member');
    const parts = [place.querySelector('h2')?.textContent ?? ''];
    if (state.sale) {
      const unit = till.mainUnit(state.sale.result.earned);
      parts.push(words.unit(unit, pointsOf(state.sale, unit)));
    }
    const text = parts.filter((part) => part !== '').join(': ');
    if (text === this.announced) return;
    this.announced = text;
    byId('announce').textContent = text;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  if (error instanceof Problem) return error.code;
  throw error;
}

new TillPage().start();
