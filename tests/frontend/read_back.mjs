/**
 * Reads packed explorables back for the Python tests: a line of base64 in, a line of JSON out.
 * It decodes with the page's own module, and draws every frame at three widths to see that no coordinate is lost.
 */

import { createInterface } from "node:readline";

import { decode, readable, scene, sentence } from "../../code/activations/frontend/explorable.mjs";

const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);

/** Everything that would be drawn or said, as one text. */
function drawn(panel) {
  const pictures = [250, 700, 1500].map((width) => scene(panel, width));
  return JSON.stringify([pictures, readable(panel).flat().map((found) => sentence(panel, found))], (key, value) =>
    typeof value === "number" && !Number.isFinite(value) ? "NaN" : value,
  );
}

for await (const text of createInterface({ input: process.stdin })) {
  const data = await decode(Buffer.from(text, "base64"));
  const count = data.controls.reduce((product, { values }) => product * values.length, 1);
  const frames = Array.from({ length: count }, (_, number) => data.frame(number));
  const lost = frames.some(({ panels }) => panels.some((panel) => /NaN|Infinity|undefined/.test(drawn(panel))));
  console.log(JSON.stringify({ controls: data.controls, frames, lost }, plain));
}
