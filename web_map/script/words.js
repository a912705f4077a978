/* The words of the scripts in the page's language. */
import { language } from "./language.js";
import { EN } from "./words/en.js";
import { ZH } from "./words/zh.js";

export const WORDS = { zh: ZH, en: EN };

/**
 * @param {string} [lang] `zh` or `en`; else the page's.
 * @returns {typeof ZH} The words of each component.
 */
export const wordsOf = (lang) => (lang === "en" || lang === "zh" ? WORDS[lang] : WORDS[language()]);
