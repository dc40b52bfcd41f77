/** Calls to the agent's API, with the page's session cookie. */

/** How long an answer may take, in milliseconds; the agent answers from this machine. */
const ANSWER_TIMEOUT_MS = 8000;

/** Least time between two reloads for a new session, in milliseconds: a refused one must not loop. */
const RELOAD_EVERY_MS = 30000;
const RELOADED_AT = 'edge-agent.reloaded-at';

/** What the agent refused, by its problem document (RFC 9457), or why there was no answer. */
export class Problem extends Error {
  /**
   * @param {string} code    The problem's code; `unreachable` without an answer.
   * @param {number} status  The HTTP status; 0 without an answer.
   * @param {string} detail  For people, in the terminal's language where the programme says no.
   */
  constructor(code, status, detail = '') {
    super(code);
    this.detail = detail;
    this.code = code;
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} options
 * @returns {Promise<any>}  The JSON object or list of the answer; null for an empty one.
 * @throws {Problem}
 */
async function call(path, options) {
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(path, {
      ...options,
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (answer.ok) return answer.status === 204 ? null : await answer.json();
  } catch {
    throw new Problem('unreachable', 0);
  }
  if (answer.status === 401) renewSession();
  const problem = await answer.json().catch(() => null);
  const detail = typeof problem?.detail === 'string' ? problem.detail : '';
  throw new Problem(typeof problem?.code === 'string' ? problem.code : 'internal', answer.status, detail);
}

/** The session came with the page, so a new one comes with the page loaded again. */
function renewSession() {
  const last = Number(sessionStorage.getItem(RELOADED_AT) ?? 0);
  if (Date.now() - last < RELOAD_EVERY_MS) return;
  sessionStorage.setItem(RELOADED_AT, String(Date.now()));
  location.reload();
}

/** @param {string} path */
export function get(path) {
  return call(path, { method: 'GET' });
}

/**
 * @param {string} path
 * @param {object} body
 */
export function post(path, body) {
  return call(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}
