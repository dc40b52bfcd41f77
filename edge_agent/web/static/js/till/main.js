/** The cashier's page: what happens at the agent and on the keyboard, kept in one state and drawn. */

import { post, Problem } from '../core/api.js';
import { byId, setting } from '../core/dom.js';
import { Feed } from '../core/feed.js';
import { languageButtons } from '../core/languages.js';
import { firstLanguage, remember, Words } from '../core/texts.js';
import { listenForScans } from '../core/wedge.js';
import { Acts } from './acts.js';
import { Choosing } from './choose.js';
import { Enrolment } from './enrol.js';
import { Keyed } from './keyed.js';
import { offerToMention, shortMask } from './member.js';
import { notice, outranksQuestion } from './notices.js';
import * as programme from './programme.js';
import { drawQuestion } from './question.js';
import { drawMember, drawNotice, drawPills, drawSale, pointsOf } from './regions.js';
import { moneyWords } from './rewards.js';
import * as said from './said.js';
import * as till from './state.js';

/** A sale's id is no secret; it lets the last receipt be printed again after the page was reloaded. */
const LAST_SALE = 'edge-agent.last-sale';

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
    this.acts = new Acts();
    this.choosing = new Choosing(
      (reward, points) => this.reserve(reward, points),
      (minor, words) => moneyWords(this.state, minor, words),
    );
    this.enrolment = new Enrolment((form) => this.enrolled(form));
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
    byId('enrol-open').addEventListener('click', () => this.enrol());
    byId('print-again').addEventListener('click', () => this.printAgain());
    byId('print-balance').addEventListener('click', () => this.printBalance());
    byId('next-customer').addEventListener('click', () => this.next());
    document.addEventListener('keydown', (event) => this.shortcut(event));
    document.addEventListener('click', (event) => this.clicked(event));
    listenForScans(document, (text) => this.scanned(text), (key) => this.pressed(key));
    this.speakNow();
    this.feed.start();
  }

  /** Whether something stands before the page and has the keys. */
  get isCovered() {
    return this.keyed.isOpen || this.choosing.isOpen || this.enrolment.isOpen;
  }

  /** @param {string} text */
  scanned(text) {
    this.keyed.close();
    this.choosing.close();
    this.enrolment.untype(text);
    this.identify(text, 'scanned');
  }

  /** @param {KeyboardEvent} event */
  shortcut(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || this.isCovered) return;
    const shortcuts = /** @type {Record<string, () => void>} */ ({
      F2: () => this.keyed.open(),
      F4: () => this.printAgain(),
      F6: () => this.enrol(),
      F8: () => this.printBalance(),
      F9: () => this.activate(),
      Escape: () => this.next(),
    });
    const act = shortcuts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /**
   * What is drawn anew has no listeners of its own.
   *
   * @param {MouseEvent} event
   */
  clicked(event) {
    const target = event.target instanceof Element ? event.target.closest('[data-reward], [data-answer], [data-activate]') : null;
    if (!(target instanceof HTMLElement)) return;
    const { reward, answer } = target.dataset;
    if (reward !== undefined) this.choose(reward);
    else if (answer !== undefined) this.answer(answer);
    else this.activate();
  }

  /**
   * A key by itself: an answer once the sale is done, before that a reward.
   *
   * @param {string} key
   */
  pressed(key) {
    if (this.isCovered) return;
    const question = programme.questionOf(this.state);
    const at = question === null ? -1 : programme.answerKeys(question).indexOf(key);
    const reward = /^[1-9]$/.test(key) ? programme.rewardsOf(this.state)[Number(key) - 1] : undefined;
    if (question !== null && at >= 0) this.answer(String(question.answers[at].value));
    else if (reward !== undefined) this.choose(reward.id);
  }

  /**
   * A reward's key: reserves it, and pressed again lets go of it.
   *
   * @param {string} id
   */
  choose(id) {
    const reward = programme.rewardsOf(this.state).find((each) => each.id === id);
    if (reward === undefined) return;
    const reserved = programme.reservedOf(this.state, id);
    if (reserved !== null) this.letGo(reserved.redemption_id);
    else if (!reward.available) this.pass({ ...said.NOT_NOW, detail: reward.why_not ?? undefined });
    else if (reward.choose) this.choosing.open(reward, this.words);
    else this.reserve(id, null);
  }

  /**
   * @param {string} reward
   * @param {string | null} points
   */
  async reserve(reward, points) {
    await this.act(said.RESERVED, async (holder) => {
      const redemption = await this.acts.reserve(holder, reward, points);
      return { answer: redemption, change: (state) => programme.redeemed(state, redemption) };
    });
  }

  /** @param {string} redemptionId */
  async letGo(redemptionId) {
    await this.act(said.LET_GO, async () => {
      const redemption = await this.acts.cancel(redemptionId);
      return { answer: redemption, change: (state) => programme.redeemed(state, redemption) };
    });
  }

  async activate() {
    const offer = offerToMention(this.state.customer);
    if (offer?.active !== false || this.state.sale !== null) return;
    await this.act(said.ACTIVATED, async (holder) => {
      const answer = await this.acts.activate(holder, offer.id);
      return { answer, change: (state) => (said.unworked(answer) ? state : programme.activated(state, offer.id)) };
    });
  }

  /** @param {string} value */
  async answer(value) {
    const question = programme.questionOf(this.state);
    const answer = question?.answers.find((each) => String(each.value) === value);
    const saleId = this.state.sale?.result.sale_id;
    if (question === null || answer === undefined || saleId === undefined) return;
    await this.act(said.ANSWERED, async () => {
      const kept = await this.acts.answer(saleId, question.id, answer.value);
      return { answer: kept, change: (state) => ({ ...state, answered: question.id }) };
    });
  }

  /** Somebody wants to be a member: with the unknown card that is here, or without one. */
  enrol() {
    const { customer } = this.state;
    const is = customer === null || this.state.sale !== null ? 'unknown' : till.standing(customer);
    if (is !== 'unknown') this.pass(said.MEMBER_ALREADY);
    else this.enrolment.open(this.words, this.newCard());
  }

  /** The card that somebody who enrols now gets, masked; empty without one. */
  newCard() {
    const { customer, sale } = this.state;
    const fresh = customer !== null && sale === null && till.standing(customer) === 'unknown';
    return fresh ? shortMask(customer.card ?? '') : '';
  }

  /** @param {import('./enrol.js').Form} form */
  async enrolled(form) {
    const holder = this.newCard() === '' ? {} : { card: { from: 'till' } };
    await this.act(said.ENROLLED, async () => {
      const answer = await this.acts.enrol(holder, form);
      return { answer, change: (state) => state };
    });
  }

  /**
   * Does something for the customer who is here and says how it went; what comes too late for them changes nothing.
   *
   * @param {till.Passing} done
   * @param {(holder: import('./acts.js').Holder) => Promise<{answer: any, change: (state: till.State) => till.State}>} call
   */
  async act(done, call) {
    const card = this.state.customer?.card;
    try {
      const { answer, change } = await call(this.slipCard() ?? { card: { from: 'till' } });
      if (this.state.customer?.card !== card) return;
      this.state = change(this.state);
      this.pass(said.unworked(answer) ? said.NOT_WORKED_OUT : done);
    } catch (error) {
      const code = codeOf(error);
      const detail = code === 'refused' && error instanceof Problem ? error.detail : undefined;
      this.pass(code === 'unreachable' ? said.NO_ANSWER : { ...said.NOT_NOW, detail });
    }
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
    const { lastSaleId, sale } = this.state;
    if (lastSaleId === null) {
      this.pass(said.NO_RECEIPT);
      return;
    }
    // Where the next customer is here already, their receipt is not there yet: say whose comes out.
    const isShown = sale?.result.sale_id === lastSaleId;
    const which = isShown ? undefined : this.words.t('notice.printing_last', { sale: lastSaleId });
    await this.print(`/v1/receipts/${encodeURIComponent(lastSaleId)}/print`, { copy: true }, which);
  }

  async printBalance() {
    const card = this.slipCard();
    if (card === null) this.pass(said.NO_SLIP);
    else await this.print('/v1/slips', card);
  }

  /**
   * What names the customer's card: the code that was read here, or the one that the agent read.
   *
   * @returns {import('./acts.js').Holder | null}
   */
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
   * @param {string} [which]  What comes out, where that has to be said.
   */
  async print(path, body, which) {
    try {
      const answer = await post(path, body);
      this.pass(answer?.print === 'failed' ? said.NOT_PRINTED_OTHERWISE : { ...said.PRINTING, detail: which });
    } catch (error) {
      this.pass(said.NOT_PRINTED[codeOf(error)] ?? said.NOT_PRINTED_OTHERWISE);
    }
  }

  next() {
    this.asked += 1;
    // The agent lets go of the card as well; if it cannot be told, it does so by itself after a while.
    if (this.state.customer !== null) post('/v1/present/clear', {}).catch(() => {});
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

  /**
   * Another card came while somebody enrols: it is theirs if it is new.
   *
   * @param {till.State} state
   */
  followed(state) {
    if (!this.enrolment.isOpen || state.customer === null) return;
    if (till.standing(state.customer) === 'unknown') this.enrolment.hold(shortMask(state.customer.card ?? ''));
    else this.enrolment.close();
  }

  /** @param {till.State} state */
  become(state) {
    if (state.lastSaleId !== null && state.lastSaleId !== this.state.lastSaleId) {
      sessionStorage.setItem(LAST_SALE, state.lastSaleId);
    }
    if (state.customer === null) this.read = null;
    if (state.customer?.card !== this.state.customer?.card) {
      this.acts.forget();
      this.choosing.close();
      this.followed(state);
    }
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
    const question = programme.questionOf(state);
    const shown = notice(state, words);
    if (question !== null && !outranksQuestion(state, shown)) drawQuestion(byId('notice'), question, words);
    else drawNotice(byId('notice'), shown);
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
