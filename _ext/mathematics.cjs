/**
 * Typesets formulas for mathematics.py: one JSON request a line on stdin, one JSON reply a line on stdout.
 * The first argument is MathJax's folder.
 */

const path = require("node:path");
const readline = require("node:readline");

const folder = path.resolve(process.argv[2]);
// Node calls a component without a version "no version information"; that is no news to an author.
console.warn = () => {};

const settings = {
  loader: { paths: { mathjax: folder }, load: ["input/tex-full", "output/chtml", "adaptors/liteDOM", "a11y/assistive-mml"] },
  options: { enableAssistiveMml: true },
  // These two would show a faulty formula in red and call it done.
  tex: { packages: { "[-]": ["noerrors", "noundefined"] } },
  chtml: { fontURL: "mathematics" },
};

function reply(MathJax, { tex, display, css }) {
  const { adaptor } = MathJax.startup;
  if (css) return { css: adaptor.textContent(MathJax.chtmlStylesheet()) };
  const html = adaptor.outerHTML(MathJax.tex2chtml(tex, { display }));
  const fault = /data-mjx-error="([^"]*)"/.exec(html);
  return fault ? { error: fault[1] } : { html };
}

require(path.join(folder, "node-main.js"))
  .init(settings)
  .then((MathJax) => {
    const answer = (line) => process.stdout.write(`${JSON.stringify(reply(MathJax, JSON.parse(line)))}\n`);
    readline.createInterface({ input: process.stdin }).on("line", answer);
  });
