/** Interview cards: filter, search, a question at random, and a reader's own progress. Without this module cards open too. */

const KEY = "why-nonlinear-interview";
const GRADES = ["new", "shaky", "known"];

/**
 * Text as it is compared in a search: case, accents and the kinds of white space do not matter.
 * @param {string} text
 */
export function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ").trim();
}

/**
 * Whether a card is among those that the reader wants; what is empty asks for nothing.
 * @param {{level: string, topic: string, grade: string, text: string}} card
 * @param {{level?: string, topic?: string, progress?: string, search?: string}} wanted
 */
export function fits(card, { level = "", topic = "", progress = "", search = "" }) {
  const chosen = [
    [level, card.level],
    [topic, card.topic],
    [progress, card.grade],
  ];
  if (chosen.some(([asked, has]) => asked !== "" && asked !== has)) return false;
  const words = plain(search).split(" ").filter((word) => word !== "");
  return words.every((word) => card.text.includes(word));
}

/**
 * The grades in what the browser kept; whatever is not a grade is left out.
 * @param {string | null} stored
 * @returns {Record<string, string>}
 */
export function gradesIn(stored) {
  try {
    const entries = Object.entries(JSON.parse(stored) ?? {});
    return Object.fromEntries(entries.filter(([, grade]) => GRADES.includes(grade)));
  } catch {
    return {};
  }
}

/**
 * How many questions have each grade; one that was never graded is new.
 * @param {string[]} ids
 * @param {Record<string, string>} grades
 */
export function count(ids, grades) {
  const counts = { new: 0, shaky: 0, known: 0 };
  for (const id of ids) counts[grades[id] ?? "new"] += 1;
  return counts;
}

/**
 * One of several, by chance, and not the last one again where there is another.
 * @template T
 * @param {T[]} choices
 * @param {T} [last]
 * @param {() => number} [random] from 0 up to but not including 1
 * @returns {T | undefined} undefined when there is nothing to choose
 */
export function draw(choices, last, random = Math.random) {
  const others = choices.filter((choice) => choice !== last);
  const from = others.length > 0 ? others : choices;
  return from[Math.floor(random() * from.length)];
}

/** Put values in the places of a sentence. @param {string} sentence @param {Record<string, string | number>} values */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * Grades that last: kept by the browser, or, where it refuses or has no room, until the page is left.
 * Each change is made to what is kept now, so that two open pages do not undo each other's.
 * @param {() => Storage} storage the access itself may be refused
 */
export function memory(storage) {
  let here;
  const all = () => {
    try {
      return here ?? gradesIn(storage().getItem(KEY));
    } catch {
      return {};
    }
  };
  const change = (grades) => {
    try {
      if (Object.keys(grades).length > 0) storage().setItem(KEY, JSON.stringify(grades));
      else storage().removeItem(KEY);
      here = undefined;
      return true;
    } catch {
      here = grades;
      return false;
    }
  };
  return {
    all,
    /** @returns {boolean} whether the browser keeps it */
    grade: (id, grade) => change({ ...all(), [id]: grade }),
    /** @returns {boolean} whether the browser has forgotten too */
    forget: () => change({}),
  };
}

/* ---- the page ---- */

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** The card's data. Its words are taken now, before mathematics is typeset, and made plain at the first search. */
function cardOf(details) {
  const source = details.textContent;
  let text;
  return {
    details,
    id: details.id,
    level: details.dataset.level,
    topic: details.dataset.topic,
    grade: "new",
    get text() {
      return (text ??= plain(source));
    },
  };
}

class Interview {
  /** @param {HTMLFormElement} form @param {HTMLDetailsElement[]} details */
  constructor(form, details) {
    this.form = form;
    this.words = JSON.parse(form.dataset.words);
    this.cards = details.map(cardOf);
    this.memory = memory(() => localStorage);
    this.sections = new Set(details.map((one) => one.closest("section")));
    this.mark();
    this.filter();
    this.listen();
    this.form.hidden = false;
    // While a page loads, the browser goes to its fragment itself, and takes the focus away again.
    if (document.readyState === "complete") this.follow();
    else addEventListener("load", () => this.follow());
  }

  listen() {
    const { search, level, topic, progress, one, random, hide, forget } = this.form.elements;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    search.addEventListener("input", () => this.filter());
    for (const choice of [level, topic, progress]) choice.addEventListener("change", () => this.filter());
    one.addEventListener("change", () => this.oneAtATime(one.checked));
    random.addEventListener("click", () => this.ask());
    hide.addEventListener("click", () => this.hide());
    this.dialog(forget);
    for (const card of this.cards) {
      card.details.addEventListener("toggle", () => card.details.open && this.offer(card));
    }
    addEventListener("hashchange", () => this.follow());
    // Another page of this site changed the grades.
    addEventListener("storage", () => this.mark());
  }

  dialog(forget) {
    const dialog = this.form.querySelector("dialog");
    forget.addEventListener("click", () => dialog.showModal());
    dialog.querySelector('[name="forget-no"]').addEventListener("click", () => dialog.close());
    dialog.querySelector('[name="forget-yes"]').addEventListener("click", () => {
      const forgotten = this.memory.forget();
      this.mark();
      dialog.close();
      this.say(forgotten ? this.words.forgotten : this.words.unkept);
    });
  }

  say(sentence) {
    this.form.querySelector(".interview-said").textContent = sentence;
  }

  /** Show the cards that fit, and the headings that have any. */
  filter() {
    const { search, level, topic, progress } = this.form.elements;
    const wanted = { search: search.value, level: level.value, topic: topic.value, progress: progress.value };
    for (const card of this.cards) card.details.hidden = !fits(card, wanted);
    for (const section of this.sections) {
      section.hidden = !section.querySelector("details.interview-card:not([hidden])");
    }
    const shown = this.shown().length;
    const sentence = shown > 0 ? this.words.shown : this.words.none;
    this.form.querySelector(".interview-shown").textContent = fill(sentence, { shown, all: this.cards.length });
    this.say("");
  }

  shown() {
    return this.cards.filter((card) => !card.details.hidden);
  }

  hide() {
    const open = document.querySelectorAll("details.interview-card[open], details.interview-card details[open]");
    for (const one of open) one.open = false;
    this.say(this.words.hidden);
  }

  /** Cards of one name close each other. */
  oneAtATime(wanted) {
    for (const { details } of this.cards) {
      if (wanted) details.setAttribute("name", "interview");
      else details.removeAttribute("name");
    }
  }

  /** Put a question to the reader: a closed card, in view and in focus. */
  ask() {
    const shown = this.shown();
    const card = draw(shown, this.asked);
    if (!card) return;
    this.asked = card;
    this.hide();
    this.goTo(card);
    const number = shown.indexOf(card) + 1;
    this.say(fill(this.words.asked, { number, all: shown.length, level: card.level }));
  }

  goTo(card) {
    // From now on cards out of view have their true heights: guessed ones would lead to the wrong place.
    this.cards.forEach(({ details }) => details.classList.add("interview-measured"));
    card.details.scrollIntoView({ block: "center" });
    card.details.querySelector("summary").focus({ preventScroll: true });
  }

  /** Open the card that the address names, also where a filter hides it. */
  follow() {
    const card = this.cards.find(({ id }) => `#${id}` === location.hash);
    if (!card) return;
    if (card.details.hidden) {
      this.form.reset();
      this.oneAtATime(false);
      this.filter();
    }
    card.details.open = true;
    this.goTo(card);
  }

  /** Show how well each question was known, on its card, and the sums. */
  mark() {
    const grades = this.memory.all();
    for (const card of this.cards) {
      card.grade = grades[card.id] ?? "new";
      const summary = card.details.querySelector("summary");
      summary.querySelector(".interview-grade")?.remove();
      if (grades[card.id]) {
        summary.append(" ", element("span", `interview-grade interview-${card.grade}`, this.words[card.grade]));
      }
      for (const choice of card.details.querySelectorAll(".interview-self input")) {
        choice.checked = choice.value === grades[card.id];
      }
    }
    const ids = this.cards.map(({ id }) => id);
    this.form.querySelector(".interview-counts").textContent = fill(this.words.counts, count(ids, grades));
  }

  /** What a reader does with an open card: grade the own answer, and go on. */
  offer(card) {
    if (card.details.querySelector(".interview-self")) return;
    const fields = element("fieldset", "interview-self");
    fields.append(element("legend", "", this.words.grade));
    for (const grade of GRADES) fields.append(this.choice(card, grade));
    const another = element("button", "", this.words.another);
    another.type = "button";
    another.addEventListener("click", () => this.ask());
    fields.append(another);
    card.details.querySelector(".interview-link").before(fields);
  }

  choice(card, grade) {
    const label = element("label", "");
    const input = element("input", "");
    Object.assign(input, { type: "radio", name: `grade-${card.id}`, value: grade });
    input.checked = this.memory.all()[card.id] === grade;
    input.addEventListener("change", () => {
      const kept = this.memory.grade(card.id, grade);
      this.mark();
      if (!kept) this.say(this.words.unkept);
    });
    label.append(input, this.words[grade]);
    return label;
  }
}

if (typeof document !== "undefined") {
  const form = document.querySelector("form.interview-controls");
  const details = [...document.querySelectorAll("details.interview-card")];
  if (form && details.length > 0) new Interview(form, details);
}
