/** What scrolls sideways by itself can be reached and scrolled by keyboard: wide formulas, tables and outputs. */

const WIDE = 'mjx-container[display="true"], div.math, .cell_output > .output, div.highlight pre, .pst-scrollable-table-container';

/** Whether an element holds more than it shows. @param {{scrollWidth: number, clientWidth: number}} element */
export function overflows({ scrollWidth, clientWidth }) {
  return scrollWidth > clientWidth;
}

function mark(element) {
  if (overflows(element)) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
}

function watch() {
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  document.querySelectorAll(WIDE).forEach((element) => sizes.observe(element));
}

if (typeof document !== "undefined") {
  // Formulas become wide only when they have been typeset, and MathJax comes after this module.
  const typeset = () => (window.MathJax?.startup?.promise ?? Promise.resolve()).then(watch);
  if (document.readyState === "complete") typeset();
  else addEventListener("load", typeset);
}
