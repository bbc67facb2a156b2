/** Numeric questions: a field to type in, and an answer at once. Options need no script; they are `details` elements. */

/**
 * The number that a reader typed: decimal point or comma, minus sign, fraction.
 * @param {string} text
 * @returns {number} NaN where it is none
 */
export function readNumber(text) {
  const parts = text.trim().replaceAll("−", "-").replaceAll(",", ".").split("/");
  if (parts.length > 2 || parts.some((part) => part.trim() === "")) return NaN;
  const [above, below = 1] = parts.map(Number);
  return above / below;
}

/**
 * Which reply a number deserves.
 * @param {number} typed
 * @param {{value: number, tolerance: number}} answer
 * @returns {"right" | "tooSmall" | "tooLarge" | "notANumber"}
 */
export function judge(typed, { value, tolerance }) {
  if (!Number.isFinite(typed)) return "notANumber";
  // A little more than the tolerance, so that 0.1 + 0.2 is within 0 of 0.3.
  if (Math.abs(typed - value) <= tolerance + 1e-12 * Math.abs(value)) return "right";
  return typed < value ? "tooSmall" : "tooLarge";
}

/** Put the field before the `details` element that holds the answer. @param {HTMLDetailsElement} details */
function enhance(details) {
  const { dataset } = details;
  const answer = { value: Number(dataset.value), tolerance: Number(dataset.tolerance) };
  const form = document.createElement("form");
  form.className = "check-number-form";
  const label = document.createElement("label");
  const input = document.createElement("input");
  const button = document.createElement("button");
  const reply = document.createElement("output");
  input.inputMode = "decimal";
  input.autocomplete = "off";
  label.append(`${dataset.answer} `, input);
  button.textContent = dataset.check;
  form.append(label, button, reply);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const verdict = judge(readNumber(input.value), answer);
    reply.textContent = dataset[verdict];
    if (verdict === "right") details.open = true;
  });
  details.before(form);
}

if (typeof document !== "undefined") document.querySelectorAll("details.check-number").forEach(enhance);
