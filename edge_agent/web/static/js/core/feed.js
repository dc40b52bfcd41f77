/**
 * What the agent says, as it happens: the status and the devices once, then the event stream; after
 * every interruption and every `reset` the first two again.
 */

import { get } from './api.js';

/** @typedef {'loading' | 'up' | 'down'} Link */
/** @typedef {'scan' | 'member' | 'sale' | 'device' | 'sync'} EventName */

/** @type {readonly EventName[]} */
const EVENTS = ['scan', 'member', 'sale', 'device', 'sync'];

/** How long the stream may be gone before the page says so, in milliseconds: a blink is no news. */
const GRACE_MS = 1000;

/** Waits between tries where the browser has given up (a 503 at the cap), in milliseconds. */
const RETRY_MS = [1000, 2000, 4000, 8000];

/** Events held while the status is being fetched; more than this in one request is not a till. */
const HELD_MAX = 200;

export class Feed {
  /**
   * @param {object} options
   * @param {number} options.pollMs  Time between two looks at the status.
   * @param {(status: any, devices: any[] | null) => void} options.onSnapshot  Devices are null in a poll.
   * @param {(name: EventName, data: any) => void} options.onEvent
   * @param {(link: Link) => void} options.onLink
   */
  constructor({ pollMs, onSnapshot, onEvent, onLink }) {
    this.pollMs = pollMs;
    this.onSnapshot = onSnapshot;
    this.onEvent = onEvent;
    this.onLink = onLink;
    /** @type {EventSource | null} */
    this.stream = null;
    this.tries = 0;
    /** @type {number | undefined} */
    this.grace = undefined;
    /** Events that arrived while a snapshot was on its way; null when none is.
     * @type {[EventName, any][] | null} */
    this.held = null;
  }

  start() {
    this.open();
    setInterval(() => this.poll(), this.pollMs);
  }

  open() {
    const stream = new EventSource('/v1/events');
    this.stream = stream;
    stream.addEventListener('open', () => this.refresh());
    stream.addEventListener('error', () => this.lost());
    stream.addEventListener('reset', () => this.refresh());
    for (const name of EVENTS) {
      stream.addEventListener(name, (event) => this.take(name, event.data));
    }
  }

  /** The browser tries again by itself (with Last-Event-ID) unless it closed the stream. */
  lost() {
    this.grace ??= window.setTimeout(() => this.onLink('down'), GRACE_MS);
    if (this.stream?.readyState !== EventSource.CLOSED) return;
    this.stream = null;
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    setTimeout(() => this.open(), wait);
  }

  /** Events are taken after the snapshot that was asked for before them, or it would undo them. */
  async refresh() {
    this.held ??= [];
    try {
      const [status, devices] = await Promise.all([get('/v1/status'), get('/v1/devices')]);
      this.onSnapshot(status, asList(devices));
      this.up();
    } catch {
      this.onLink('down');
    } finally {
      const held = /** @type {[EventName, any][]} */ (this.held ?? []);
      this.held = null;
      for (const [name, data] of held) this.onEvent(name, data);
    }
  }

  async poll() {
    try {
      const status = await get('/v1/status');
      this.onSnapshot(status, null);
      if (this.stream?.readyState === EventSource.OPEN) this.up();
    } catch {
      this.onLink('down');
    }
  }

  up() {
    window.clearTimeout(this.grace);
    this.grace = undefined;
    this.tries = 0;
    this.onLink('up');
  }

  /**
   * @param {EventName} name
   * @param {string} text
   */
  take(name, text) {
    /** @type {any} */
    let data;
    try {
      data = JSON.parse(text);
    } catch {
      return; // A line that is no JSON says nothing that we could show.
    }
    if (this.held === null) this.onEvent(name, data);
    else if (this.held.length < HELD_MAX) this.held.push([name, data]);
  }
}

/**
 * @param {any} devices  A list, or an object that holds one.
 * @returns {any[]}
 */
function asList(devices) {
  if (Array.isArray(devices)) return devices;
  return Array.isArray(devices?.devices) ? devices.devices : [];
}
