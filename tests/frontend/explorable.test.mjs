/** The pure half of the front end, under Node's own runner: `node --test tests/frontend/`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import * as front from "../../code/activations/frontend/explorable.mjs";
import { choicesIn, fragmentWith, standIn } from "../../code/activations/frontend/host.mjs";

const linear = (lo, hi) => ({ label: "x", scale: "linear", limits: [lo, hi] });
const log = (lo, hi) => ({ label: "x", scale: "log", limits: [lo, hi] });
const labels = (axis, most) => front.ticks(axis, most).map((tick) => tick.label);
const NAN = Number.NaN;

function pack(header, bytes = []) {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const all = new Uint8Array(4 + text.length + bytes.length);
  new DataView(all.buffer).setUint32(0, text.length, true);
  all.set(text, 4);
  all.set(bytes, 4 + text.length);
  return deflateSync(all);
}

test("decode puts shared, indexed and own parts in their places", async () => {
  const arrays = [
    // codes 1, 2, 3: second differences 1, 0, 0, folded 2, 0, 0
    { path: ["panels", 0, "y"], bits: 8, count: 1, size: 3, low: 10, step: 0.5, of: null },
    // codes 300 and 65535 (a gap) in two arrays of one number: folded 600 and 1, in byte planes
    { path: ["panels", 0, "z"], bits: 16, count: 2, size: 1, low: 0, step: 1, of: [1, 0, 1] },
  ];
  const texts = [
    { path: ["words"], values: ["one", "two", "three"], of: null },
    { path: ["panels", 0, "title"], values: ["a", "b"], of: [0, 1, 1] },
  ];
  const template = { words: "", panels: [{ title: "", y: null, z: null }] };
  const data = await front.decode(pack({ template, texts, arrays }, [2, 0, 0, 600 >> 8, 0, 600 & 255, 1]));
  const [first, second] = [data.frame(0), data.frame(1)];
  assert.deepEqual([first.words, second.words], ["one", "two"]);
  assert.deepEqual([first.panels[0].title, second.panels[0].title], ["a", "b"]);
  assert.deepEqual([...first.panels[0].y], [10.5, 11, 11.5]);
  assert.equal(first.panels[0].y, second.panels[0].y, "what is shared is decoded once");
  assert.deepEqual([...first.panels[0].z], [NAN]);
  assert.deepEqual([...second.panels[0].z], [300]);
  assert.equal(data.template.words, "", "frames do not write into the template");
});

test("frames are numbered with the last control running fastest", () => {
  const controls = [{ values: [1, 2] }, { values: ["a", "b", "c"] }];
  const numbers = [0, 1].flatMap((i) => [0, 1, 2].map((j) => front.frameNumber(controls, [i, j])));
  assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5]);
});

test("a selection is found by value or by its text, else the control starts where it says", () => {
  const controls = [
    { name: "depth", values: [1, 2, 5], start: 1 },
    { name: "f", values: ["relu", "tanh"], start: 0 },
  ];
  assert.deepEqual(front.indicesOf(controls, { depth: 5, f: "tanh" }), [2, 1]);
  assert.deepEqual(front.indicesOf(controls, { depth: "5" }), [2, 0]);
  assert.deepEqual(front.indicesOf(controls, { depth: "seven" }), [1, 0]);
});

test("values and fractions are inverse on both scales", () => {
  for (const axis of [linear(-2, 6), log(1e-9, 1e3)]) {
    for (const fraction of [0, 0.25, 1]) {
      assert.ok(Math.abs(front.fractionOf(axis, front.valueAt(axis, fraction)) - fraction) < 1e-12);
    }
  }
  assert.equal(front.valueAt(linear(-2, 6), 0.25), 0);
  assert.ok(Math.abs(front.fractionOf(log(1, 100), 10) - 0.5) < 1e-15);
});

test("ticks are round, within the limits and labelled as finely as they stand", () => {
  assert.deepEqual(labels(linear(-6, 6), 7), ["−6", "−4", "−2", "0", "2", "4", "6"]);
  assert.deepEqual(labels(linear(0, 1), 5), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
  assert.deepEqual(labels(linear(1e-5, 3e-5), 3), ["1×10⁻⁵", "2×10⁻⁵", "3×10⁻⁵"]);
  assert.deepEqual(labels(linear(0, 4e7), 4), ["0", "1×10⁷", "2×10⁷", "3×10⁷", "4×10⁷"]);
});

test("a log axis has a tick a decade, fewer when they are many, and round values when it is short", () => {
  assert.deepEqual(labels(log(1e-2, 1e1), 5), ["10⁻²", "10⁻¹", "10⁰", "10¹"]);
  assert.deepEqual(labels(log(1e-9, 1e3), 4), ["10⁻⁸", "10⁻⁴", "10⁰"]);
  assert.deepEqual(labels(log(1, 4), 3), ["1", "2", "3", "4"]);
});

test("ticks exist and are finite on any axis that Python lets through", () => {
  for (const axis of [linear(-1e100, 1e100), linear(1, 1 + 1e-9), linear(-1e-100, 1e-100), log(1e-100, 1e100)]) {
    for (const most of [0.3, 1, 4, 9]) {
      const found = front.ticks(axis, most);
      assert.ok(found.length <= most + 2, `${found.length} ticks where ${most} were asked`);
      assert.ok(found.every(({ value, label }) => Number.isFinite(value) && !/NaN|Infinity|undefined/.test(label)));
    }
  }
});

test("a reading is as fine as a thousandth of its axis", () => {
  assert.equal(front.reading(linear(0, 1), 0.12345), "0.123");
  assert.equal(front.reading(linear(-6, 6), 0.25), "−3.00");
  assert.equal(front.reading(log(1e-6, 1), 0.5), "0.001000");
  assert.equal(front.reading(log(1e-12, 1), 0.5), "1.000×10⁻⁶");
});

test("a path lifts the pen at a gap", () => {
  assert.equal(front.pathOf([0, 0.5, 1, 1], [0, NAN, 1, 0.5], 200, 100), "M0,100M200,0L200,50");
});

test("a band is closed, a piece for each run without a gap", () => {
  const xs = Float64Array.of(0, 0.25, 0.5, 0.75, 1);
  const band = (lo, hi) => front.bandOf(xs, Float64Array.from(lo), Float64Array.from(hi), 100, 100);
  assert.equal(band([0, 0, 0, 0, 0], [1, 1, 1, 1, 1]), "M0,0L25,0L50,0L75,0L100,0L100,100L75,100L50,100L25,100L0,100Z");
  assert.equal(band([0, 0, NAN, 0, 0], [1, 1, NAN, 1, 1]), "M0,0L25,0L25,100L0,100ZM75,0L100,0L100,100L75,100Z");
  assert.equal(band([NAN, NAN, NAN, NAN, NAN], [1, 1, 1, 1, 1]), "");
});

test("contours of a plane are straight, and of a saddle do not cross", () => {
  const centres = [0, 0.5, 1];
  const plane = [0, 0.5, 1, 0, 0.5, 1, 0, 0.5, 1]; // z is x
  assert.equal(front.contourOf(plane, 3, centres, centres, 0.25, 100, 100), "M25,100L25,50M25,50L25,0");
  const saddle = front.contourOf([1, 0, 0, 1], 2, [0, 1], [0, 1], 0.5, 100, 100);
  assert.equal(saddle.match(/M/g).length, 2, "two segments");
  assert.equal(front.contourOf(plane, 3, centres, centres, 7, 100, 100), "", "no such level");
});

test("colours are interpolated and clipped at the ends", () => {
  const stops = ["#000000", "#ff0000", "#ffffff"];
  assert.deepEqual(front.colourAt(stops, 0.25), [128, 0, 0]);
  assert.deepEqual(front.colourAt(stops, -3), [0, 0, 0]);
  assert.deepEqual(front.colourAt(stops, 1), [255, 255, 255]);
});

// --- a picture ---

const look = { label: "", colour: "blue", dash: [] };
const line = (x, y, more) => ({ kind: "line", x: Float64Array.from(x), y: Float64Array.from(y), lo: null, hi: null, dots: false, ...look, ...more });
const panelOf = (marks, more) => ({ title: "", equal: false, names: [], x: linear(0, 10), y: linear(0, 1), marks, ...more });

test("a panel fits its width, and equal axes have equal units", () => {
  for (const width of [250, 320, 700, 1200]) {
    const { left, w, h } = front.layout(panelOf([]), width);
    assert.ok(left > 0 && w > 0 && h > 0 && left + w <= width);
    const equal = front.layout(panelOf([], { equal: true, y: linear(0, 5) }), width);
    assert.ok(Math.abs(equal.w / 10 - equal.h / 5) < 1e-9);
    assert.ok(equal.left + equal.w <= width);
  }
});

test("a bare panel has neither axes nor anything to read, and keeps its shape", () => {
  const panel = panelOf([line([0, 1], [0, 1])], { bare: true, equal: true, y: linear(0, 5) });
  const { frame, plot, place } = front.scene(panel, 600);
  assert.equal(frame.length, 0);
  assert.equal(plot.length, 1);
  assert.ok(Math.abs(place.w / 10 - place.h / 5) < 1e-9 && place.height === place.h);
  assert.deepEqual(front.readable(panel), [[]]);
});

test("every mark of a scene carries its number and its colour", () => {
  const { plot, place } = front.scene(panelOf([line([0, 1], [0, 1]), line([0, 1], [1, 0], { dash: [4, 2], dots: true })]), 400);
  assert.deepEqual(plot.map((n) => n.attributes["data-mark"]), [0, 1, 1]);
  assert.equal(plot[0].attributes.d, front.pathOf([0, 1], [0, 1], place.w, place.h));
  assert.equal(plot[1].attributes["stroke-dasharray"], "8 4");
  assert.ok(plot.every((n) => n.attributes.class.includes("c-blue")));
});

test("bars start at 0, first name on top, groups under each other", () => {
  const bars = (length) => ({ kind: "bars", length: Float64Array.from(length), lo: null, hi: null, label: "", colour: ["blue", "ink"] });
  const panel = panelOf([bars([0.5, NAN]), bars([1, 1])], { names: ["a", "b"], x: linear(-1, 3), y: linear(1.5, -0.5) });
  const { plot, place } = front.scene(panel, 400);
  const near = (a, b) => assert.ok(Math.abs(a - b) < 0.02, `${a} is not ${b}`);
  const [first, gap, below] = plot.map((n) => n.attributes);
  near(first.x, place.w / 4);
  near(first.width, place.w / 4);
  near(gap.width, 0);
  near(first.y + first.height, below.y);
  assert.ok(first.y < gap.y, "a above b");
  assert.equal(gap.class, "bars c-ink");
});

test("the nearest point is found in pixels, outside and gaps left out", () => {
  const panel = panelOf([line([0, 0.5, 1, 0.1], [0, NAN, 1, 7]), line([0.5], [0.5])]);
  const lists = front.readable(panel);
  assert.deepEqual(lists.map((list) => list.map(({ i }) => i)), [[0, 2], [0]]);
  assert.deepEqual(front.nearest(lists, 55, 50, 100, 100), { which: 1, i: 0, x: 0.5, y: 0.5 });
  assert.equal(front.nearest([[]], 0, 0, 1, 1), null);
  assert.equal(front.nearest(lists, 55, 50, 100, 100, 4), null, "nothing so near");
});

test("arrow keys walk along a list and from list to list", () => {
  const lists = front.readable(panelOf([line([0, 0.5, 1], [0, 0.5, 1]), line([], []), line([0, 1], [1, 0])]));
  const walk = (at, ...keys) => keys.reduce((point, key) => front.neighbour(lists, point, key), at);
  const place = ({ which, i }) => [which, i];
  assert.deepEqual(place(walk(null, "ArrowRight")), [0, 0], "the first key shows the first point");
  assert.deepEqual(place(walk(null, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")), [0, 2]);
  assert.deepEqual(place(walk(null, "ArrowRight", "ArrowLeft")), [0, 0]);
  assert.deepEqual(place(walk(null, "ArrowRight", "ArrowDown")), [2, 0]);
  assert.deepEqual(place(walk(null, "ArrowRight", "ArrowUp")), [2, 0]);
  assert.equal(front.neighbour(lists, null, "Tab"), null, "other keys keep their meaning");
  assert.equal(front.neighbour([[]], null, "ArrowUp"), null);
});

test("a long curve is crossed in eighty steps", () => {
  const many = Array.from({ length: 600 }, (_, i) => i / 600);
  const lists = front.readable(panelOf([line(many, many)]));
  let [steps, at] = [0, front.neighbour(lists, null, "ArrowRight")];
  for (let next; (next = front.neighbour(lists, at, "ArrowRight")).i !== at.i; steps++) at = next;
  assert.equal(at.i, 599);
  assert.ok(steps > 40 && steps <= 80, `${steps} steps`);
});

test("the read-out names what it reads", () => {
  const map = { kind: "heatmap", label: "loss", limits: [0, 8], z: Float64Array.of(0, 0.5, 1, 0) };
  const panel = panelOf([line([0.5], [0.25], { label: "tanh" }), line([0.5], [0.25]), map]);
  const say = (which) => front.sentence(panel, { which, i: 1, x: 0.5, y: 0.25 });
  assert.equal(say(0), "tanh: x = 5.00, x = 0.250");
  assert.equal(say(1), "x = 5.00, x = 0.250");
  assert.equal(say(2), "loss = 4.000 at x = 5.00, x = 0.250");
});

test("a legend names each label once, no empty region, and not a single line", () => {
  const span = (at) => ({ kind: "span", at, label: "saturated", colour: "muted" });
  const labels = (...marks) => front.entriesOf(panelOf(marks)).map(({ label }) => label);
  const [f, g] = [line([0], [0], { label: "f" }), line([0], [0], { label: "g" })];
  assert.deepEqual(labels(f), []);
  assert.deepEqual(labels(f, g, { ...f }, line([0], [0])), ["f", "g"]);
  assert.deepEqual(labels(f, span([0.5, 0.5])), ["f"], "the legend of a frame whose region is empty keeps its line");
  assert.deepEqual(labels(f, span([0, 0.5]), span([0.7, 0.7])), ["f", "saturated"]);
});

// --- the host ---

test("the address holds the choices of each explorable apart", () => {
  const one = fragmentWith("#a-section", "plane", { depth: 5, activation: "leaky relu" });
  assert.equal(one, "#plane.depth=5&plane.activation=leaky+relu");
  const two = fragmentWith(one, "planet", { x: 1 });
  assert.deepEqual(choicesIn(two, "plane"), { depth: "5", activation: "leaky relu" });
  assert.deepEqual(choicesIn(two, "planet"), { x: "1" });
  assert.deepEqual(choicesIn(fragmentWith(two, "plane", { depth: 6 }), "plane"), { depth: "6" });
  assert.deepEqual(choicesIn("#a-section", "plane"), {});
});

test("the stand-in model tells listeners until they leave", () => {
  const model = standIn({ selection: { depth: 1 } });
  const heard = [];
  const listen = () => heard.push(model.get("selection").depth);
  model.on("change:selection", listen);
  model.set("selection", { depth: 2 });
  model.off("change:selection", listen);
  model.set("selection", { depth: 3 });
  assert.deepEqual(heard, [2]);
});
