/**
 * An explorable: a picture that answers its controls, drawn from frames that Python computed.
 *
 * One ES module for two homes. In Jupyter it is an anywidget's front end; in the built page `host.mjs` calls `render`
 * with a stand-in model. The upper half is pure and runs under Node; only the lower half touches the page.
 * Positions arrive as fractions of an axis, 0 at its lower limit and 1 at its upper one, whatever its scale.
 */

/** Every word that this module shows. */
export const WORDS = {
  play: "Play",
  pause: "Pause",
  next: "Next step",
  hint: "Point at the picture to read a value.",
  read: "Picture: the arrow keys read its values",
  at: "at",
};

// --- data ------------------------------------------------------------------------------------------------------------

/**
 * What `explore.py` packed: the header, and a function from a frame's number to its description.
 * @param {DataView | Uint8Array} packed
 */
export async function decode(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const start = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  let offset = start;
  for (const column of header.arrays) {
    column.bytes = bytes.subarray(offset, (offset += (column.count * column.size * column.bits) / 8));
    column.known = [];
  }
  return { ...header, frame: (number) => frameOf(header, number) };
}

/** The description of one frame: the template with the parts that vary put in their places. */
function frameOf({ template, texts, arrays }, number) {
  const frame = structuredClone(template);
  for (const { path, values, of } of texts) put(frame, path, values[of ? of[number] : number]);
  for (const column of arrays) {
    const index = column.count === 1 ? 0 : column.of ? column.of[number] : number;
    put(frame, column.path, (column.known[index] ??= unpack(column, index)));
  }
  return frame;
}

function put(frame, path, value) {
  const last = path.length - 1;
  path.slice(0, last).reduce((part, key) => part[key], frame)[path[last]] = value;
}

/** Array `index` of a column: undo byte planes, zigzag and second differences, then scale; the top code is a gap. */
export function unpack({ bytes, bits, count, size, low, step }, index) {
  const top = 2 ** bits - 1;
  const numbers = new Float64Array(size);
  for (let i = 0, at = index * size, slope = 0, code = 0; i < size; i++, at++) {
    const folded = bits === 8 ? bytes[at] : (bytes[at] << 8) | bytes[count * size + at];
    slope = (slope + ((folded >> 1) ^ -(folded & 1))) & top;
    code = (code + slope) & top;
    numbers[i] = code === top ? NaN : low + step * code;
  }
  return numbers;
}

/** The frame's number for one index a control, the last control running fastest. */
export function frameNumber(controls, indices) {
  return controls.reduce((number, { values }, i) => number * values.length + indices[i], 0);
}

/** The index of each control's selected value; where nothing known is selected, the one it starts with. */
export function indicesOf(controls, selection) {
  return controls.map(({ name, values, start }) => {
    const index = values.findIndex((value) => String(value) === String(selection[name]));
    return index < 0 ? start : index;
  });
}

// --- scales and numbers ----------------------------------------------------------------------------------------------

/** The value at a fraction of an axis. */
export function valueAt({ scale, limits: [lo, hi] }, fraction) {
  return scale === "log" ? lo * (hi / lo) ** fraction : lo + (hi - lo) * fraction;
}

/** The fraction of an axis at which a value stands. */
export function fractionOf({ scale, limits: [lo, hi] }, value) {
  return scale === "log" ? Math.log(value / lo) / Math.log(hi / lo) : (value - lo) / (hi - lo);
}

/** Round values within limits, at most about `most` of them, with their labels. */
export function ticks(axis, most) {
  const [lo, hi] = axis.limits;
  const decades = Math.log10(hi / lo);
  return axis.scale === "log" && decades >= 1.5 ? decadeTicks(lo, hi, most) : evenTicks(lo, hi, most);
}

function evenTicks(lo, hi, most) {
  const rough = (hi - lo) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10, 20].find((nice) => nice * power >= rough * (1 - 1e-9));
  const found = [];
  for (let n = Math.ceil(lo / step - 1e-9); n * step <= hi + step * 1e-9; n++) found.push(n * step);
  return found.map((value) => ({ value, label: format(value, step) }));
}

function decadeTicks(lo, hi, most) {
  const first = Math.ceil(Math.log10(lo) - 1e-9);
  const last = Math.floor(Math.log10(hi) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first + 1) / Math.max(most, 1)));
  const found = [];
  for (let n = Math.ceil(first / stride) * stride; n <= last; n += stride) found.push({ value: 10 ** n, label: `10${superscript(n)}` });
  return found;
}

const superscript = (n) => String(n).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));

/** A number as text, with the digits that tell it from a neighbour `step` away, and a true minus sign. */
export function format(value, step) {
  if (Math.abs(value) < step / 1e3) return "0";
  const size = Math.floor(Math.log10(Math.max(Math.abs(value), step)) + 1e-9);
  const fine = Math.floor(Math.log10(step) + 1e-9);
  if (size > 5 || size < -4) {
    const [digits, power] = value.toExponential(Math.min(Math.max(size - fine, 0), 12)).split("e");
    return `${digits}×10${superscript(Number(power))}`.replace("-", "−");
  }
  return value.toFixed(Math.min(Math.max(-fine, 0), 12)).replace("-", "−");
}

/** The value at a fraction of an axis as text, as fine as a thousandth of the axis. */
export function reading(axis, fraction) {
  const value = valueAt(axis, fraction);
  const width = axis.scale === "log" ? value : axis.limits[1] - axis.limits[0];
  return format(value, Math.abs(width) / 1000);
}

// --- geometry --------------------------------------------------------------------------------------------------------

const px = (value) => Math.round(value * 100) / 100;

/** An SVG path through (xs, ys), given as fractions of a `w` × `h` picture; NaN lifts the pen. */
export function pathOf(xs, ys, w, h) {
  let path = "";
  let pen = "M";
  for (let i = 0; i < xs.length; i++) {
    if (Number.isNaN(ys[i])) {
      pen = "M";
      continue;
    }
    path += `${pen}${px(xs[i] * w)},${px((1 - ys[i]) * h)}`;
    pen = "L";
  }
  return path;
}

/** The closed path of a band between `lo` and `hi`, one piece for each run without a gap. */
export function bandOf(xs, lo, hi, w, h) {
  let path = "";
  for (let i = 0, from = 0; i <= xs.length; i++) {
    if (i < xs.length && !Number.isNaN(lo[i] + hi[i])) continue;
    const back = (list) => list.slice(from, i).reverse();
    const there = pathOf(xs.slice(from, i), hi.slice(from, i), w, h);
    if (there) path += `${there}${pathOf(back(xs), back(lo), w, h).replace("M", "L")}Z`;
    from = i + 1;
  }
  return path;
}

/** Marching squares: the segments on which the `columns`-wide grid `z` equals `level`, cell centres at (xs, ys). */
export function contourOf(z, columns, xs, ys, level, w, h) {
  let path = "";
  for (let at = 0; at + columns + 1 < z.length; at++) {
    const above = (k) => (z[k] > level ? 1 : 0);
    const count = above(at) + above(at + 1) + above(at + columns) + above(at + columns + 1);
    if ((at + 1) % columns === 0 || count === 0 || count === 4) continue;
    const corners = [at, at + 1, at + columns + 1, at + columns];
    const ends = crossings(corners, z, level).map(([a, b, t]) => {
      const along = (list, place) => list[place(a)] + t * (list[place(b)] - list[place(a)]);
      return { x: along(xs, (k) => k % columns), y: along(ys, (k) => Math.floor(k / columns)) };
    });
    for (let k = 0; k < ends.length; k += 2) {
      path += pathOf([ends[k].x, ends[k + 1].x], [ends[k].y, ends[k + 1].y], w, h);
    }
  }
  return path;
}

/** The edges of a cell that cross a level, each with how far along; at a saddle the pairs cut off opposite corners. */
function crossings(corners, z, level) {
  const edges = corners.map((a, k) => [a, corners[(k + 1) % 4]]).filter(([a, b]) => z[a] > level !== z[b] > level);
  return edges.map(([a, b]) => [a, b, (level - z[a]) / (z[b] - z[a])]);
}

/** Cell centres as fractions, from the two outer edges. */
function centres([from, to], count) {
  return Float64Array.from({ length: count }, (_, i) => from + ((i + 0.5) * (to - from)) / count);
}

/** Red, green and blue, 0 to 255, at a fraction of a colour map given by its hexadecimal stops. */
export function colourAt(stops, fraction) {
  const at = Math.min(Math.max(fraction, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const part = (stop, k) => parseInt(stop.slice(1 + 2 * k, 3 + 2 * k), 16);
  return [0, 1, 2].map((k) => Math.round(part(stops[low], k) + (at - low) * (part(stops[low + 1], k) - part(stops[low], k))));
}

/** The point nearest to (x, y), given in pixels, among lists of points, less than `least` pixels away. */
export function nearest(lists, x, y, w, h, least = Infinity) {
  let best = null;
  for (const point of lists.flat()) {
    const away = Math.hypot(point.x * w - x, (1 - point.y) * h - y);
    if (away < least) [best, least] = [point, away];
  }
  return best;
}

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** The point that an arrow key leads to from `at`: left and right along a list, up and down to another list. */
export function neighbour(lists, at, key) {
  const full = lists.filter((list) => list.length);
  if (!MOVES[key] || !full.length) return null;
  const [which, i] = [full.findIndex(([{ which }]) => which === at?.which), at?.i ?? 0];
  const list = full.at(which < 0 ? 0 : (which + MOVES[key][0]) % full.length);
  const near = list.findIndex((point) => point.i >= i);
  // However long a curve is, eighty steps cross it.
  const next = (near < 0 ? list.length - 1 : near) + (which < 0 ? 0 : MOVES[key][1] * Math.ceil(list.length / 80));
  return list[Math.min(Math.max(next, 0), list.length - 1)];
}

// --- a picture as data -----------------------------------------------------------------------------------------------

const node = (tag, attributes, text) => ({ tag, attributes, text });
const LETTER = 7; // the width of a letter at 12 px, on the generous side

/** The room that axes need around the plot, and the plot's size, for a panel `width` pixels wide; a bare one has none. */
export function layout(panel, width) {
  if (panel.bare) return bareLayout(panel, width);
  const rough = panel.names.length ? panel.names : ticks(panel.y, 6).map((tick) => tick.label);
  const letters = Math.max(...rough.map((label) => label.length), 1);
  let left = Math.min(letters * LETTER + 30, width / 2);
  const room = Math.max(width - left - 14, 40);
  let w = room;
  let h = Math.min(Math.max(width * 0.56, 220), 380);
  if (panel.names.length) h = Math.max(120, panel.names.length * 30);
  if (panel.equal) {
    const [dx, dy] = [panel.x, panel.y].map(({ limits }) => limits[1] - limits[0]);
    h = Math.min((w * dy) / dx, 440);
    w = Math.min(w, (h * dx) / dy);
    left += (room - w) / 2;
  }
  return { left, top: 10, w, h, width, height: h + 54, aside: left - letters * LETTER - 17 };
}

function bareLayout({ equal, x, y }, width) {
  const shape = equal ? (y.limits[1] - y.limits[0]) / (x.limits[1] - x.limits[0]) : 0.56;
  const h = Math.min(width * shape, 440);
  const w = Math.min(width, h / shape);
  return { left: (width - w) / 2, top: 0, w, h, width, height: h, aside: 0 };
}

/** A panel as lists of SVG nodes: `frame` (axes) around `plot` (marks, cut at its edge). */
export function scene(panel, width) {
  const place = layout(panel, width);
  const marks = panel.marks.map((mark, i) => DRAW[mark.kind](mark, place.w, place.h, panel).map((n) => named(n, i)));
  return { place, frame: panel.bare ? [] : axes(panel, place), plot: marks.flat() };
}

const named = (n, i) => ({ ...n, attributes: { ...n.attributes, "data-mark": i } });

function axes(panel, { left, top, w, h, aside }) {
  const bottom = top + h;
  const nodes = [node("path", { class: "axis", d: `M${left},${top}V${px(bottom)}H${px(left + w)}` })];
  for (const { value, label } of ticks(panel.x, w / 70)) {
    const x = px(left + fractionOf(panel.x, value) * w);
    nodes.push(node("path", { class: "axis", d: `M${x},${px(bottom)}v5` }));
    nodes.push(node("text", { class: "tick", x, y: px(bottom + 18), "text-anchor": "middle" }, label));
  }
  const rows = panel.names.length ? panel.names.map((label, value) => ({ label, value })) : ticks(panel.y, h / 44);
  for (const { value, label } of rows) {
    const y = px(top + (1 - fractionOf(panel.y, value)) * h);
    nodes.push(node("path", { class: "axis", d: `M${left},${y}h-5` }));
    nodes.push(node("text", { class: "tick", x: left - 9, y: y + 4, "text-anchor": "end" }, label));
  }
  const middle = px(top + h / 2);
  nodes.push(node("text", { x: px(left + w / 2), y: px(bottom + 38), "text-anchor": "middle" }, panel.x.label));
  const upright = `translate(${px(Math.max(aside, 12))},${middle})rotate(-90)`;
  nodes.push(node("text", { transform: upright, "text-anchor": "middle" }, panel.y.label));
  return nodes;
}

const look = (mark, extra = "") => ({ class: `${mark.kind} c-${mark.colour} ${extra}`.trim() });
const dashes = ({ dash }) => (dash.length ? { "stroke-dasharray": dash.map((part) => px(part * 2)).join(" ") } : {});

const SHAPES = {
  circle: "m-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0Z",
  square: "m-4,-4h8v8h-8Z",
  triangle: "m0,-5l5,9h-10Z",
  diamond: "m0,-5l5,5l-5,5l-5,-5Z",
};

/** The same little shape at each point that is no gap. */
function shapes(xs, ys, shape, w, h) {
  let path = "";
  for (let i = 0; i < xs.length; i++) {
    if (!Number.isNaN(ys[i])) path += `M${px(xs[i] * w)},${px((1 - ys[i]) * h)}${shape}`;
  }
  return path;
}

function whiskers(xs, lo, hi, w, h) {
  return Array.from(xs, (x, i) => pathOf([x, x], [lo[i], hi[i]], w, h)).join("");
}

const barsOf = (panel) => panel.marks.filter(({ kind }) => kind === "bars");

/** The middle of each bar, as a fraction of the height: bars of one name stand under each other. */
function rowsOf(mark, panel) {
  const groups = barsOf(panel);
  const shift = (0.8 * (groups.indexOf(mark) - (groups.length - 1) / 2)) / groups.length;
  return Float64Array.from(mark.length, (_, i) => fractionOf(panel.y, i + shift));
}

/** The points inside the picture that can be read, a list a mark: which mark, which number in it, and where. */
export function readable(panel) {
  if (panel.bare) return panel.marks.map(() => []);
  const within = (fraction) => fraction > -1e-9 && fraction < 1 + 1e-9; // rounding may carry an end outside
  const inside = ({ x, y }) => within(x) && within(y);
  return panel.marks.map((mark, which) => {
    const { x, y } = positions(mark, panel);
    return Array.from(x, (at, i) => ({ which, i, x: at, y: y[i] })).filter(inside);
  });
}

function positions(mark, panel) {
  if (mark.kind === "bars") return { x: mark.length, y: rowsOf(mark, panel) };
  if (mark.kind === "histogram") {
    return { x: mark.height.map((_, i) => (mark.edges[i] + mark.edges[i + 1]) / 2), y: mark.height };
  }
  return mark.kind === "line" || mark.kind === "points" || mark.kind === "curves" ? mark : { x: [], y: [] };
}

/** One function a kind of mark: its SVG nodes on a plot of `w` × `h` pixels. */
const DRAW = {
  line(mark, w, h, panel) {
    const d = pathOf(mark.x, mark.y, w, h);
    const over = panel.marks.some(({ kind }) => kind === "heatmap");
    return [
      ...(mark.lo ? [node("path", { ...look(mark, "band"), d: bandOf(mark.x, mark.lo, mark.hi, w, h) })] : []),
      ...(over ? [node("path", { class: "halo", d })] : []),
      node("path", { ...look(mark), ...dashes(mark), d }),
      ...(mark.dots ? [node("path", { ...look(mark, "dots"), d: shapes(mark.x, mark.y, SHAPES.circle, w, h) })] : []),
    ];
  },
  points(mark, w, h) {
    return [
      ...(mark.lo ? [node("path", { ...look(mark, "whisker"), d: whiskers(mark.x, mark.lo, mark.hi, w, h) })] : []),
      node("path", { ...look(mark, "dots"), d: shapes(mark.x, mark.y, SHAPES[mark.marker], w, h) }),
    ];
  },
  curves(mark, w, h) {
    const size = mark.x.length / mark.rows;
    const row = (list, i) => list.subarray(i * size, (i + 1) * size);
    const all = Array.from({ length: mark.rows }, (_, i) => pathOf(row(mark.x, i), row(mark.y, i), w, h));
    return [node("path", { ...look(mark), d: all.join("") })];
  },
  bars(mark, w, h, panel) {
    const zero = Math.min(Math.max(fractionOf(panel.x, 0), 0), 1);
    const thick = 0.8 / panel.names.length / barsOf(panel).length;
    const rows = rowsOf(mark, panel);
    const bars = Array.from(mark.length, (length, i) => {
      const [from, to] = [zero, Number.isNaN(length) ? zero : length].sort((a, b) => a - b);
      const size = { width: px((to - from) * w), height: px(thick * h) };
      return node("rect", { class: `bars c-${mark.colour[i]}`, x: px(from * w), y: px((1 - rows[i] - thick / 2) * h), ...size });
    });
    if (!mark.lo) return bars;
    const whisker = (row, i) => (Number.isNaN(mark.lo[i]) ? "" : pathOf([mark.lo[i], mark.hi[i]], [row, row], w, h));
    return [...bars, node("path", { class: "whisker c-ink", d: Array.from(rows, whisker).join("") })];
  },
  histogram(mark, w, h, panel) {
    const zero = fractionOf(panel.y, 0);
    return Array.from(mark.height, (height, i) => {
      const [x, y] = [mark.edges[i] * w, (1 - Math.max(height, zero)) * h];
      const size = { width: px((mark.edges[i + 1] - mark.edges[i]) * w), height: px(Math.abs(height - zero) * h) };
      return node("rect", { ...look(mark), x: px(x), y: px(y), ...size });
    });
  },
  heatmap(mark, w, h) {
    const [xs, ys] = [centres(mark.x, mark.columns), centres(mark.y, mark.rows)];
    return mark.levels.map((level) =>
      node("path", { class: "contour", d: contourOf(mark.z, mark.columns, xs, ys, level, w, h) }),
    );
  },
  span(mark, w, h) {
    const [lo, hi] = mark.at;
    const box =
      mark.axis === "x"
        ? { x: px(lo * w), y: 0, width: px((hi - lo) * w), height: px(h) }
        : { x: 0, y: px((1 - hi) * h), width: px(w), height: px((hi - lo) * h) };
    return [node("rect", { ...look(mark), ...box })];
  },
  rule(mark, w, h) {
    const at = mark.at[0];
    const d = mark.axis === "x" ? `M${px(at * w)},0V${px(h)}` : `M0,${px((1 - at) * h)}H${px(w)}`;
    return [node("path", { ...look(mark), ...dashes(mark), d })];
  },
};

// --- the page --------------------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element with attributes and children. */
function html(tag, attributes = {}, ...children) {
  const element = set(document.createElement(tag), attributes);
  element.append(...children);
  return element;
}

/** An SVG element with attributes and children. */
function svg(tag, attributes = {}, ...children) {
  const element = set(document.createElementNS(SVG, tag), attributes);
  element.append(...children);
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
  return element;
}

/** Give an element a text; the same one again would cost a layout. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Make the children of an SVG element those of `nodes`, touching only what differs. */
function patch(parent, nodes) {
  nodes.forEach(({ tag, attributes, text = "" }, i) => {
    let child = parent.children[i];
    if (child?.localName !== tag) {
      const fresh = svg(tag);
      child ? child.replaceWith(fresh) : parent.append(fresh);
      child = fresh;
    }
    set(child, attributes);
    for (const { name } of [...child.attributes]) if (!(name in attributes)) child.removeAttribute(name);
    write(child, text);
  });
  while (parent.children.length > nodes.length) parent.lastElementChild.remove();
}

/** One panel on the page: title, legend and picture, and the value that a pointer or the arrow keys read. */
class Panel {
  #title = html("p", { class: "title" });
  #legend = html("div", { class: "legend" });
  #heat = html("canvas", { class: "heat" });
  #axes = svg("g");
  #plot = svg("svg", { class: "plot" });
  #marker = svg("circle", { class: "marker", r: 5 });
  #outer = svg("svg", { role: "img" }, this.#axes, this.#plot, this.#marker);
  picture = html("div", { class: "picture", tabindex: 0, role: "group", "aria-label": WORDS.read }, this.#heat, this.#outer);
  root = html("div", { class: "panel" }, this.#title, this.#legend, this.picture);
  #legendKey = "";
  #panel = null;
  #place = { width: 0 };
  #read = null;

  /**
   * @param {(text: string, spoken: boolean) => void} tell where the read-out goes
   * @param {boolean} bare whether there is nothing to read
   */
  constructor(tell, bare) {
    this.tell = tell;
    if (bare) {
      for (const name of ["tabindex", "role", "aria-label"]) this.picture.removeAttribute(name);
      return;
    }
    this.picture.addEventListener("pointermove", (event) => this.#point(event));
    this.picture.addEventListener("pointerdown", (event) => this.#point(event));
    this.picture.addEventListener("pointerleave", ({ pointerType }) => pointerType === "touch" || this.#show(null));
    this.picture.addEventListener("keydown", (event) => this.#walk(event));
  }

  get fits() {
    return this.picture.clientWidth === this.#place.width;
  }

  draw(panel, words) {
    const width = this.picture.clientWidth;
    if (!width) return; // not on the page yet: the resize observer will ask again
    const { place, frame, plot } = scene(panel, width);
    [this.#panel, this.#place] = [panel, place];
    set(this.#outer, { viewBox: `0 0 ${width} ${px(place.height)}`, "aria-label": words });
    set(this.#plot, { x: place.left, y: place.top, width: place.w, height: place.h });
    patch(this.#axes, frame);
    patch(this.#plot, plot);
    write(this.#title, panel.title);
    this.#drawLegend(panel);
    drawHeat(this.#heat, panel, place);
    // What was being read is read again, so that a reader sees one point move.
    const same = ({ which, i }) => which === this.#read.which && i === this.#read.i;
    this.#show(this.#read && (readable(panel).flat().find(same) ?? null));
  }

  #drawLegend(panel) {
    const entries = entriesOf(panel);
    const maps = panel.marks.filter(({ kind }) => kind === "heatmap");
    const key = JSON.stringify([entries.map((m) => [m.label, m.colour, m.dash]), maps.map((m) => [m.label, m.limits])]);
    if (key === this.#legendKey) return;
    this.#legendKey = key;
    const items = entries.map((mark) => html("span", {}, swatch(mark), mark.label));
    this.#legend.replaceChildren(...items, ...maps.map(colourBar));
  }

  #show(found, spoken = false) {
    const { left, top, w, h } = this.#place;
    this.#read = found;
    set(this.#marker, { visibility: found ? "visible" : "hidden" });
    if (found) set(this.#marker, { cx: px(left + found.x * w), cy: px(top + (1 - found.y) * h) });
    this.tell(found ? sentence(this.#panel, found) : WORDS.hint, spoken);
  }

  #point({ clientX, clientY }) {
    const { left, top, w, h } = this.#place;
    const corner = this.#outer.getBoundingClientRect();
    const [x, y] = [clientX - corner.left - left, clientY - corner.top - top];
    const cell = cellAt(this.#panel, x / w, 1 - y / h);
    this.#show(nearest(readable(this.#panel), x, y, w, h, cell ? 20 : Infinity) ?? cell);
  }

  #walk(event) {
    const found = neighbour(readable(this.#panel), this.#read, event.key);
    if (!found) return;
    event.preventDefault();
    this.#show(found, true);
  }
}

/** The cell of a heat map under a point, when the panel has one. */
function cellAt(panel, x, y) {
  const which = panel.marks.findIndex(({ kind }) => kind === "heatmap");
  if (which < 0 || x < 0 || x > 1 || y < 0 || y > 1) return null;
  const map = panel.marks[which];
  const index = (at, [from, to], count) => Math.floor(((at - from) / (to - from)) * count);
  const [j, i] = [index(x, map.x, map.columns), index(y, map.y, map.rows)];
  return map.z[i * map.columns + j] === undefined ? null : { which, i: i * map.columns + j, x, y };
}

/** The read-out of a point: the mark's name, then both coordinates, or the name, value or cell that it stands for. */
export function sentence(panel, { which, i, x, y }) {
  const mark = panel.marks[which];
  const [atX, atY] = [`${panel.x.label} = ${reading(panel.x, x)}`, `${panel.y.label} = ${reading(panel.y, y)}`];
  if (mark.kind === "bars") return `${panel.names[i]}: ${atX}`;
  if (mark.kind === "heatmap") {
    const value = reading({ scale: "linear", limits: mark.limits }, mark.z[i]);
    return `${mark.label} = ${value} ${WORDS.at} ${atX}, ${atY}`;
  }
  return `${mark.label ? `${mark.label}: ` : ""}${atX}, ${atY}`;
}

/** The marks that the legend names, one a label, when there are two or more; heat maps have a colour bar instead. */
export function entriesOf(panel) {
  const labels = panel.marks.map(({ label }) => label);
  const entries = panel.marks.filter(({ kind, label }, i) => label && kind !== "heatmap" && labels.indexOf(label) === i);
  return entries.length > 1 ? entries.filter(({ kind, at }) => kind !== "span" || at[0] !== at[1]) : [];
}

function swatch(mark) {
  const picture = svg("svg", { width: 30, height: 12, "aria-hidden": "true" });
  const stroke = { ...look(mark), ...(mark.dash ? dashes(mark) : {}), d: "M1,6H29" };
  const area = { class: `${mark.kind} c-${[mark.colour].flat()[0]}`, x: 5, y: 1, width: 20, height: 10 };
  const sign = { ...look(mark, "dots"), d: `M15,6${SHAPES[mark.marker]}` };
  const kinds = { points: ["path", sign], line: ["path", stroke], rule: ["path", stroke], curves: ["path", stroke] };
  patch(picture, [node(...(kinds[mark.kind] ?? ["rect", area]))]);
  return picture;
}

function colourBar(map) {
  const bar = html("canvas", { class: "bar" });
  paint(bar, 64, 1, (i) => colourAt(map.stops, i / 63));
  const [lo, hi] = map.limits.map((end) => format(end, (map.limits[1] - map.limits[0]) / 100));
  return html("span", {}, `${map.label}: ${lo} `, bar, ` ${hi}`);
}

function paint(canvas, width, height, colour) {
  set(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const parts = colour(i);
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = parts[k];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** Cells on a canvas under the plot, one pixel a cell, stretched by the style sheet. */
function drawHeat(canvas, panel, { left, top, w, h, width, height }) {
  const map = panel.marks.find(({ kind }) => kind === "heatmap");
  canvas.hidden = !map;
  if (!map) return;
  const table = Array.from({ length: 256 }, (_, i) => colourAt(map.stops, i / 255));
  paint(canvas, map.columns, map.rows, (i) => {
    const [row, column] = [map.rows - 1 - Math.floor(i / map.columns), i % map.columns];
    return table[Math.round(map.z[row * map.columns + column] * 255)];
  });
  const [x, y] = [map.x, map.y];
  const share = (value, whole) => `${(100 * value) / whole}%`;
  canvas.style.left = share(left + x[0] * w, width);
  canvas.style.top = share(top + (1 - y[1]) * h, height);
  canvas.style.width = share((x[1] - x[0]) * w, width);
  canvas.style.height = share((y[1] - y[0]) * h, height);
}

/** A labelled native control: a slider over the numbers of a control, or a select over its words. */
function makeControl(control, changed) {
  const { label, items, words } = control;
  const input = words
    ? html("select", {}, ...items.map((item) => html("option", {}, item)))
    : html("input", { type: "range", min: 0, max: items.length - 1, step: 1 });
  const output = html("output", { "aria-live": "off" }); // the slider speaks for itself
  input.addEventListener("input", () => changed(words ? input.selectedIndex : Number(input.value)));
  const show = (index) => {
    if (words) input.selectedIndex = index;
    else input.value = index;
    if (!words) input.setAttribute("aria-valuetext", items[index]);
    write(output, items[index]);
  };
  const root = html("div", {}, html("label", {}, html("span", {}, label), input), ...(words ? [] : [output]));
  return { root, show };
}

/** The play button: steps a control through its values, one a press for readers who asked for less motion. */
class Player {
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #timer = null;
  #stop = () => this.stop();
  button = html("button", { type: "button" });

  /** @param {(wrap: boolean) => boolean} step goes one value on, and says whether there was one */
  constructor(step) {
    this.step = step;
    this.button.addEventListener("click", () => (this.playing ? this.stop() : this.#start()));
    this.#still.addEventListener("change", this.#stop);
    this.stop();
  }

  get playing() {
    return this.#timer !== null;
  }

  #start() {
    this.step(true);
    if (this.#still.matches) return;
    this.#timer = setInterval(() => this.step(false) || this.stop(), 600);
    this.button.textContent = WORDS.pause;
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.button.textContent = this.#still.matches ? WORDS.next : WORDS.play;
  }

  remove() {
    this.stop();
    this.#still.removeEventListener("change", this.#stop);
  }
}

/** An explorable on the page. The model's selection is the truth: controls write it, and `draw` only reads it. */
class View {
  #waiting = 0;
  #speaking = 0;
  #readout = html("output", { class: "readout" });
  #words = html("p", { class: "words" });
  #schedule = () => (this.#waiting ||= requestAnimationFrame(() => this.draw()));
  #resized = new ResizeObserver(() => this.panels.every(({ fits }) => fits) || this.#schedule());

  constructor(model, data, el) {
    Object.assign(this, { model, data, el });
    const played = data.controls.findIndex(({ name }) => name === data.play);
    this.player = played < 0 ? null : new Player((wrap) => this.#step(played, wrap));
    this.inputs = data.controls.map((control, i) => makeControl(control, (index) => this.#choose(i, index)));
    this.panels = data.template.panels.map(({ bare }) => new Panel((text, spoken) => this.#tell(text, spoken), bare));
    const readable = data.template.panels.some(({ bare }) => !bare);
    el.replaceChildren(
      html("div", { class: "controls" }, ...this.inputs.map(({ root }) => root), this.player?.button ?? ""),
      html("div", { class: "panels" }, ...this.panels.map(({ root }) => root)),
      ...(readable ? [this.#readout] : []),
      this.#words,
      data.caption ? html("p", { class: "caption" }, data.caption) : "",
    );
    for (const { picture } of this.panels) this.#resized.observe(picture);
    model.on("change:selection", this.#schedule);
    this.#tell(WORDS.hint, false);
    this.draw();
  }

  draw() {
    this.#waiting = 0;
    const indices = indicesOf(this.data.controls, this.model.get("selection"));
    const frame = this.data.frame(frameNumber(this.data.controls, indices));
    this.inputs.forEach(({ show }, i) => show(indices[i]));
    this.panels.forEach((panel, i) => panel.draw(frame.panels[i], frame.words));
    this.#speak(frame.words);
  }

  #choose(which, index) {
    this.player?.stop();
    this.#select(which, index);
  }

  #select(which, index) {
    const { name, values } = this.data.controls[which];
    this.model.set("selection", { ...this.model.get("selection"), [name]: values[index] });
    this.model.save_changes();
  }

  #step(which, wrap) {
    const next = indicesOf(this.data.controls, this.model.get("selection"))[which] + 1;
    const more = next < this.data.controls[which].values.length;
    if (more || wrap) this.#select(which, more ? next : 0);
    return more;
  }

  /** Show the sentence once the hand rests: who listens hears the last one, and none while it plays. */
  #speak(text) {
    clearTimeout(this.#speaking);
    const say = () => write(this.#words, text);
    set(this.#words, { "aria-live": this.player?.playing ? "off" : "polite" });
    if (this.#words.textContent) this.#speaking = setTimeout(say, 250);
    else say();
  }

  #tell(text, spoken) {
    set(this.#readout, { "aria-live": spoken ? "polite" : "off" });
    write(this.#readout, text);
  }

  remove() {
    cancelAnimationFrame(this.#waiting);
    clearTimeout(this.#speaking);
    this.player?.remove();
    this.#resized.disconnect();
    this.model.off("change:selection", this.#schedule);
    this.el.replaceChildren();
  }
}

/**
 * Draw an explorable into `el` and keep it true to `model.get("selection")`; resolves to a clean-up.
 * @param {{ model: { get, set, on, off, save_changes }, el: HTMLElement }} context
 */
export async function render({ model, el }) {
  if (!el.closest(".explorable")) el.classList.add("explorable");
  const view = new View(model, await decode(model.get("payload")), el);
  return () => view.remove();
}

export default { render };
