/** Drawing the question to ask, with an answer on each key, in the place of the notice. */

import { h, icon, line, redraw } from '../core/dom.js';
import { answerKeys } from './programme.js';

/** @typedef {import('./shapes.js').Question} Question */

/**
 * @param {HTMLElement} place
 * @param {Question} question
 * @param {import('../core/texts.js').Words} words
 */
export function drawQuestion(place, question, words) {
  const keys = answerKeys(question);
  const bare = question.answers.every(({ value, text }) => String(value) === text);
  const stars = bare && question.answers.map(({ text }) => text).join('') === '12345';
  place.dataset.tone = 'question';
  redraw(place,
    icon('question'),
    h('div', { class: 'notice-words', title: question.text },
      line('p', 'question-label', words.t('question.ask')),
      h('p', { class: 'question-text' }, question.text)),
    h('div', { class: 'answers', role: 'group', 'aria-label': question.text, 'data-bare': String(bare) },
      ...question.answers.map((answer, index) => button(answer, keys[index] ?? '', bare, stars))),
  );
}

/**
 * @param {{value: number | string, text: string}} answer
 * @param {string} key
 * @param {boolean} bare  Whether the answer's text is its number, which says its key as well.
 * @param {boolean} stars
 */
function button(answer, key, bare, stars) {
  return h('button',
    {
      type: 'button', class: 'answer', 'data-answer': String(answer.value), 'data-focus': `answer-${answer.value}`,
      'aria-keyshortcuts': key || null, title: answer.text,
    },
    key && (!bare || key !== answer.text) ? h('kbd', {}, key) : null,
    h('span', { class: 'answer-text' }, answer.text, stars ? ' ★' : ''));
}
