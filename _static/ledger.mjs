/** Search the claims as you type. Without scripts all of them stand there, in tables. */

/**
 * What two texts are compared by: small letters without accents, and one kind of space.
 * @param {string} text
 */
export function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ").trim();
}

/**
 * Whether a claim holds every word of the query, in any order, and has the verdict; "" asks for nothing.
 * @param {{text: string, verdict: string}} claim its text folded
 * @param {{query: string, verdict: string}} wanted
 */
export function matches(claim, { query, verdict }) {
  const words = folded(query).split(" ");
  return (verdict === "" || claim.verdict === verdict) && words.every((word) => claim.text.includes(word));
}

/**
 * How many were found, in words.
 * @param {string} sentence with {found} and {all}
 */
export function counted(sentence, found, all) {
  return sentence.replace("{found}", found).replace("{all}", all);
}

/** @returns {{row: HTMLTableRowElement, text: string, verdict: string}[]} the claims below the search field */
function claimsBelow(place) {
  const after = (table) => place.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING;
  // The tables of claims stand in the same section as the field; other tables of the page are left alone.
  const tables = [...place.closest("section").querySelectorAll("table.ledger")].filter(after);
  return tables.flatMap((table) =>
    [...table.tBodies[0].rows].map((row) => {
      const verdict = row.cells[1].textContent.trim();
      return { row, verdict, text: folded(`${row.textContent} ${verdict}`) };
    }),
  );
}

function control(name, words, label) {
  const element = document.createElement(name);
  const wrapper = document.createElement("label");
  wrapper.append(words, element);
  label.append(wrapper);
  return element;
}

/** Fill the place with a field, a choice of verdicts and a count. @param {HTMLElement} place */
function enhance(place) {
  const { dataset } = place;
  const claims = claimsBelow(place);
  const form = document.createElement("form");
  form.setAttribute("role", "search");
  form.setAttribute("aria-label", dataset.label);
  const field = control("input", dataset.label, form);
  field.type = "search";
  field.autocomplete = "off";
  const verdict = control("select", dataset.verdict, form);
  verdict.append(new Option(dataset.any, ""), ...JSON.parse(dataset.verdicts).map((word) => new Option(word, word)));
  const count = document.createElement("output");
  form.append(count);
  const sections = [...place.closest("section").querySelectorAll("section")];

  const update = () => {
    const wanted = { query: field.value, verdict: verdict.value };
    let found = 0;
    for (const claim of claims) {
      claim.row.hidden = !matches(claim, wanted);
      found += !claim.row.hidden;
    }
    for (const section of sections) section.hidden = !section.querySelector("tbody tr:not([hidden])");
    count.textContent = counted(dataset.found, found, claims.length);
  };
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  place.append(form);
  update();
}

if (typeof document !== "undefined") document.querySelectorAll(".ledger-search").forEach(enhance);
