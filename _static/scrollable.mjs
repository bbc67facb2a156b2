/** What scrolls sideways by itself can be reached and scrolled by keyboard: wide formulas, tables and outputs. */

const WIDE = 'div.math, mjx-container[display="true"], .cell_output > .output, div.highlight pre, .pst-scrollable-table-container';

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

if (typeof document !== "undefined") watch();
