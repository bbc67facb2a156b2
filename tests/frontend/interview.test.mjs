/** The pure half of the interview's cards, under Node's own runner: `node --test tests/frontend/`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { count, draw, fill, fits, gradesIn, memory, plain } from "../../_static/interview.mjs";

const card = { level: "2", topic: "softmax", grade: "shaky", text: plain("Why subtract the Maximum?\n It is naïve.") };

test("a card fits what is asked of it, and whatever asks nothing", () => {
  assert.ok(fits(card, {}));
  assert.ok(fits(card, { level: "2", topic: "softmax", progress: "shaky", search: "maximum" }));
  assert.ok(!fits(card, { level: "1" }));
  assert.ok(!fits(card, { topic: "losses" }));
  assert.ok(!fits(card, { progress: "new" }));
});

test("a search wants every word, in any order, whatever its case, accents and blanks", () => {
  for (const search of ["", "  ", "MAXIMUM why", "naive", "naïve\u00a0it", "sub max"]) assert.ok(fits(card, { search }), search);
  assert.ok(!fits(card, { search: "maximum minimum" }));
});

test("what the browser kept is read, and nonsense in it left out", () => {
  assert.deepEqual(gradesIn('{"a": "known", "b": "brilliant", "c": 3}'), { a: "known" });
  for (const stored of [null, "", "null", "{", "[]", "7"]) assert.deepEqual(gradesIn(stored), {}, String(stored));
});

test("questions that were never graded are new", () => {
  assert.deepEqual(count(["a", "b", "c"], { a: "known", c: "shaky", gone: "known" }), { new: 1, shaky: 1, known: 1 });
});

test("a draw reaches every choice, and the last one only where there is no other", () => {
  const at = (fraction, last) => draw(["a", "b", "c"], last, () => fraction);
  assert.deepEqual([at(0), at(0.5), at(0.999)], ["a", "b", "c"]);
  assert.deepEqual([at(0, "a"), at(0.999, "a"), at(0.999, "c")], ["b", "c", "b"]);
  assert.equal(draw(["a"], "a"), "a");
  assert.equal(draw([]), undefined);
});

test("a sentence takes its numbers", () => {
  assert.equal(fill("{shown} of {all}, {shown}", { shown: 0, all: 7 }), "0 of 7, 0");
});

/** A storage that holds one text, or throws at the named call. */
function storage(kept = null, refuses = "") {
  const may = (name) => {
    if (refuses === name) throw new DOMException("full", "QuotaExceededError");
  };
  return {
    getItem: () => (may("getItem"), kept),
    setItem: (_, text) => (may("setItem"), (kept = text)),
    removeItem: () => (may("removeItem"), (kept = null)),
  };
}

test("grades last, and can be forgotten", () => {
  const shelf = storage('{"a": "known"}');
  assert.equal(memory(() => shelf).grade("b", "shaky"), true);
  assert.deepEqual(memory(() => shelf).all(), { a: "known", b: "shaky" });
  assert.equal(memory(() => shelf).forget(), true);
  assert.deepEqual(memory(() => shelf).all(), {});
});

test("two open pages do not undo each other", () => {
  const shelf = storage();
  const [one, other] = [memory(() => shelf), memory(() => shelf)];
  one.grade("a", "known");
  other.grade("b", "shaky");
  assert.deepEqual(one.all(), { a: "known", b: "shaky" });
});

test("where the browser refuses or has no room, grades last as long as the page", () => {
  const refused = () => {
    throw new DOMException("no", "SecurityError");
  };
  for (const shelf of [refused, () => storage(null, "setItem"), () => undefined]) {
    const kept = memory(shelf);
    assert.equal(kept.grade("a", "known"), false);
    assert.equal(kept.grade("b", "shaky"), false);
    assert.deepEqual(kept.all(), { a: "known", b: "shaky" });
    kept.forget();
    assert.deepEqual(kept.all(), {});
  }
});

test("what the browser will not forget, the page does", () => {
  const shelf = storage('{"a": "known"}', "removeItem");
  const kept = memory(() => shelf);
  assert.equal(kept.forget(), false);
  assert.deepEqual(kept.all(), {});
});

test("a search for nothing does not look at the words", () => {
  assert.ok(fits({ ...card, text: undefined }, { search: " " }));
});

test("a full storage keeps what it had, and the page the rest", () => {
  const shelf = storage('{"a": "known"}', "setItem");
  const kept = memory(() => shelf);
  assert.equal(kept.grade("b", "shaky"), false);
  assert.deepEqual(kept.all(), { a: "known", b: "shaky" });
});
