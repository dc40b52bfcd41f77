/** The buttons that choose the language. */

import { h } from './dom.js';
import { LANGUAGES } from './texts.js';

/** @typedef {import('./texts.js').Language} Language */

/** Each language calls itself by its own name. */
const OWN_NAMES = { nl: 'Nederlands', en: 'English', de: 'Deutsch', fr: 'Français' };

/**
 * @param {HTMLElement} place
 * @param {(language: Language) => void} onChoose
 * @returns {(language: Language) => void}  Marks the one in use.
 */
export function languageButtons(place, onChoose) {
  const buttons = LANGUAGES.map((language) => {
    const button = h(
      'button',
      { type: 'button', class: 'language', lang: language, 'data-language': language, title: OWN_NAMES[language], 'aria-label': OWN_NAMES[language] },
      language.toUpperCase(),
    );
    button.addEventListener('click', () => onChoose(language));
    return button;
  });
  place.replaceChildren(...buttons);
  return (language) => {
    for (const button of buttons) {
      button.setAttribute('aria-pressed', String(button.dataset.language === language));
    }
  };
}
