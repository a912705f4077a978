/* Whatever is said in Chinese is said in English, with the same values in it; and no module says anything beside. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { WORDS } from "../script/words.js";

const HAN = /[\u4e00-\u9fff]/;
const SCRIPT = new URL("../script/", import.meta.url);
const files = readdirSync(SCRIPT, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));

/** @param {any} words @param {string} [path] @returns {[string, string][]} Each text with its path. */
function texts(words, path = "") {
  if (typeof words === "string") return [[path, words]];
  return Object.entries(words).flatMap(([name, inner]) => texts(inner, `${path}.${name}`));
}

/** @param {string} text @returns {string[]} The names of the values that are filled in. */
const values = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test("both languages have the same words", () => {
  const [zh, en] = [WORDS.zh, WORDS.en].map((words) => texts(words).map(([path]) => path));
  assert.deepEqual(en.sort(), zh.sort());
});

test("both say the same values", () => {
  const en = new Map(texts(WORDS.en));
  for (const [path, text] of texts(WORDS.zh)) assert.deepEqual(values(en.get(path) ?? ""), values(text), path);
});

test("English words are English, and none is empty", () => {
  for (const [path, text] of texts(WORDS.en)) assert.doesNotMatch(text, HAN, path);
  for (const [path, text] of [...texts(WORDS.zh), ...texts(WORDS.en)]) assert.notEqual(text, "", path);
});

test("a Chinese word stands in words/zh.js and nowhere else", () => {
  const found = files.filter((name) => name !== "words/zh.js").filter((name) => saysChinese(name));
  assert.deepEqual(found, []);
});

/** @param {string} name @returns {boolean} Whether a file has a Chinese letter outside its comments. */
function saysChinese(name) {
  const code = readFileSync(new URL(name, SCRIPT), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  return HAN.test(code);
}

test("no line is longer than 120 characters", () => {
  for (const name of files.filter((name) => !name.startsWith("words/"))) {
    const lines = readFileSync(new URL(name, SCRIPT), "utf8").split("\n");
    lines.forEach((line, i) => {
      assert.ok(line.length <= 120, `${name}:${i + 1}`);
    });
  }
});
