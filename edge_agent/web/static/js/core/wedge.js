/**
 * A scanner that poses as a keyboard: many keys, faster than anyone types, then Enter or Tab. It works
 * whatever has the focus, and its Enter presses no button.
 */

/** Longest time between two keys of a scan, in milliseconds. Scanners send a key each 1 to 15 ms;
 * fast typists need 80. */
const KEY_GAP_MS = 40;

/** Fewest characters of a scan: the shortest card numbers in use have 8, products EAN-8. */
const SCAN_CHARS_MIN = 8;

/** Most characters of a scan: a QR code with a web address, not a page pasted by accident. */
const SCAN_CHARS_MAX = 256;

/** How long a single key waits for the next one of a scan, in milliseconds: two gaps. */
const LONE_KEY_MS = 2 * KEY_GAP_MS;

/** Keys that a hand presses and no scanner sends: what follows is no part of what came before. */
const OF_A_HAND = /^(Escape|F\d+)$/;

/** Collects keys with their times; knows nothing of a document. */
export class Wedge {
  constructor() {
    this.text = '';
    this.last = Number.NEGATIVE_INFINITY;
  }

  /**
   * @param {string} key   As in KeyboardEvent.key.
   * @param {number} atMs
   * @returns {string | null}  The text of a scan when this key ends one.
   */
  press(key, atMs) {
    const fast = atMs - this.last <= KEY_GAP_MS;
    this.last = atMs;
    if (key === 'Enter' || key === 'Tab') {
      const text = this.text;
      this.text = '';
      return fast && text.length >= SCAN_CHARS_MIN && text.length <= SCAN_CHARS_MAX ? text : null;
    }
    if (OF_A_HAND.test(key)) this.text = '';
    if (key.length !== 1) return null; // Shift and the like belong to the characters around them.
    if (!fast) this.text = '';
    // One more than the most is enough to know that it is too long.
    if (this.text.length <= SCAN_CHARS_MAX) this.text += key;
    return null;
  }

  /** Whether keys are coming in faster than a hand types them. */
  get scanning() {
    return this.text.length > 2;
  }

  /** Whether the last key stands by itself so far. */
  get alone() {
    return this.text.length === 1;
  }
}

/**
 * @param {EventTarget} target
 * @param {(text: string) => void} onScan
 * @param {(key: string) => void} onLoneKey  A key that no scan follows, pressed where nothing is being typed.
 */
export function listenForScans(target, onScan, onLoneKey) {
  const wedge = new Wedge();
  /** @type {number | undefined} */
  let waiting;
  target.addEventListener(
    'keydown',
    (event) => {
      const press = /** @type {KeyboardEvent} */ (event);
      if (press.ctrlKey || press.altKey || press.metaKey || press.isComposing) return;
      if (press.repeat) return; // A key held down is as fast as a scanner.
      const text = wedge.press(press.key, press.timeStamp);
      window.clearTimeout(waiting);
      const typing = press.target instanceof HTMLInputElement;
      if (wedge.alone && press.key.length === 1 && !typing) {
        waiting = window.setTimeout(() => onLoneKey(press.key), LONE_KEY_MS);
      }
      if (text !== null) {
        press.preventDefault();
        press.stopPropagation();
        onScan(text);
      } else if (press.key === ' ' && wedge.scanning) {
        press.preventDefault(); // A space inside a code is not a press of the button in focus.
      }
    },
    { capture: true },
  );
}
