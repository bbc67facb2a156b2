"""How light and fast five pages are, beside the same pages built with Jupyter Book's defaults.

    PYTHONPATH=code python bench/pages.py [page ...] [--loads N] [--why]

Both books are served by a host of this bench (HTTP/1.1, gzip) and loaded in headless Chromium at 10 Mbit/s and 40 ms,
each time with an empty cache, ours and the default's in turn, on a laptop's screen and on a phone's. A number is the
median of the loads. Kilobytes are what goes over the wire, headers included. A shift is the score that browsers report
(the worst window of five seconds), up to when the page has settled and, as "read", until it has then been scrolled to
its end. TBT is the time by which long tasks after the first paint exceed 50 ms each. "--why" says what painted last and
what moved most.

The book is built first, where something has changed; the default book is built from a copy of its sources and outputs.
How it is made, and where that is kinder to the default than the web would be, ``_default_book.py`` says. Requests to
other hosts fail at once, and are counted by themselves.
"""

import argparse
import contextlib
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from _books import ROOT, seconds_to_build
from _default_book import fetch_widgets, write_default_book
from _site import chromium, served
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError

HTML = Path("_build") / "html"

PAGES = ("softmax", "vanishing-gradients", "relu", "interview", "catalogue")
"""Formulas, explorables, pictures, the longest text, and a section with formulas and a picture for every function."""

SCREENS = {
    "laptop, 1280 × 800": {"viewport": {"width": 1280, "height": 800}},
    "phone, 360 × 780": {
        **{"viewport": {"width": 360, "height": 780}, "device_scale_factor": 2},
        **{"is_mobile": True, "has_touch": True},
    },
}
NETWORK = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
KINDS = ("html", "css", "script", "font", "image", "other")
COLUMNS = ("requests", *KINDS, "total", "foreign", "FCP", "LCP", "shift", "read", "TBT")
AIMS = {"requests": 25, "total": 400, "shift": 0.02}
"""What a chapter stays below: requests, kilobytes, layout shift."""
NO_WIDGETS = "MathJax; npm cannot reach its registry, so ipywidgets' scripts, which delay its paint, are missing"
PAINT_AIM = 0.5
"""First paint, as a fraction of the default's."""

PATIENCE = 60.0
STALLS = 3
"""Chromium's slow network now and then stands still for 65536 of its ticks, 79 s: then the page is loaded anew."""

WATCH = """() => {
  const seen = (window.seen = { paints: [], largest: [], shifts: [], tasks: [] });
  const name = (node) => {
    const one = node?.nodeType === 1 ? node : node?.parentElement;
    if (!one) return "something that is gone";
    const words = (one.getAttribute("alt") ?? one.textContent).trim().replace(/\\s+/g, " ").slice(0, 40);
    return `${one.localName}${one.id && "#" + one.id}${[...one.classList].map((c) => "." + c).join("")} “${words}”`;
  };
  const watch = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  watch("paint", (entry) => entry.name === "first-contentful-paint" && seen.paints.push(entry.startTime));
  watch("largest-contentful-paint", (entry) => seen.largest.push([entry.startTime, name(entry.element)]));
  watch("layout-shift", (entry) => entry.hadRecentInput ||
    seen.shifts.push([entry.startTime, entry.value, entry.sources.map((source) => name(source.node))]));
  watch("longtask", (entry) => seen.tasks.push([entry.startTime, entry.duration]));
}"""

SETTLED = """async () => {
  await document.fonts.ready;
  await window.MathJax?.startup?.promise;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now();
}"""

SCROLL = """async () => {
  const pause = () => new Promise((done) => setTimeout(done, 60));
  for (let at = 0; at < document.documentElement.scrollHeight; at += innerHeight * 0.8) {
    scrollTo({ top: at, behavior: "instant" });
    await pause();
  }
  return null;
}"""


# --- what a load is worth: pure ---------------------------------------------------------------------------------------


def kind(mime: str) -> str:
    """The column of a response, by the type that its host gives it.

    >>> kind("text/javascript"), kind("font/woff2"), kind("image/svg+xml"), kind("application/json")
    ('script', 'font', 'image', 'other')
    """
    marks = {"html": "html", "css": "css", "javascript": "script", "font": "font", "image": "image"}
    return next((kind for mark, kind in marks.items() if mark in mime), "other")


def shift_score(shifts: list[tuple[float, float]]) -> float:
    """The cumulative layout shift of (milliseconds, value): the worst window of 5 s in which no second is still.

    >>> shift_score([(0, 0.1), (900, 0.2), (2500, 0.25)])
    0.3
    """
    worst = window = began = last = 0.0
    for at, value in shifts:
        if at - last > 1000 or at - began > 5000 or not window:
            window, began = 0.0, at
        window, last = round(window + value, 6), at
        worst = max(worst, window)
    return worst


def blocking_time(tasks: list[tuple[float, float]], since: float) -> float:
    """Milliseconds by which each task (start, duration) that ends after ``since`` exceeds 50 ms, together.

    >>> blocking_time([(0, 200), (300, 80), (400, 20)], since=250)
    30.0
    """
    within = (min(duration, start + duration - since) for start, duration in tasks)
    return float(sum(max(0.0, duration - 50) for duration in within))


def medians(loads: list[dict[str, float]]) -> dict[str, float]:
    """The median of each column over the loads.

    >>> medians([{"FCP": 3, "shift": 0.0}, {"FCP": 1, "shift": 0.1}, {"FCP": 2, "shift": 0.3}])
    {'FCP': 2, 'shift': 0.1}
    """
    return {column: statistics.median(load[column] for load in loads) for column in loads[0]}


def ratios(ours: dict[str, float], default: dict[str, float]) -> dict[str, float | None]:
    """Ours as a fraction of the default's; None where the default has nothing."""
    return {column: ours[column] / default[column] if default[column] else None for column in ours}


def row(page: str, build: str, numbers: dict[str, float | None], whole: bool = True) -> str:
    """One line of the table; ratios, which are not ``whole``, have two decimals."""
    line = f"{page:20}{build:8}"
    for column in COLUMNS:
        number = numbers[column]
        decimals = 3 if column in ("shift", "read") and whole else 0 if whole else 2
        line += f"{'-':>9}" if number is None else f"{number:9.{decimals}f}"
    return line


def verdicts(found: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """The aims beside what the worst page reached."""
    lines = []
    for column, aim in AIMS.items():
        page = max(found, key=lambda page: found[page]["ours"][column])
        lines.append(f"{column}: at most {found[page]['ours'][column]:.3g} ({page}); the aim is below {aim:g}")
    paints = {page: of["ours"]["FCP"] / of["default"]["FCP"] for page, of in found.items()}
    page = max(paints, key=paints.get)
    lines.append(f"first paint: at most {paints[page]:.2f} of the default's ({page}); the aim is below {PAINT_AIM:g}")
    return lines


# --- a load -----------------------------------------------------------------------------------------------------------


@dataclass
class Traffic:
    """What a page asked for."""

    site: str
    urls: dict[str, str] = field(default_factory=dict)
    mimes: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)

    def listen(self, context: BrowserContext, page: Page) -> None:
        """Slow the page's network down, and write down what goes over it."""
        tools = context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send("Network.emulateNetworkConditions", NETWORK)
        tools.on("Network.requestWillBeSent", lambda e: self.urls.update({e["requestId"]: e["request"]["url"]}))
        tools.on("Network.responseReceived", lambda e: self.mimes.update({e["requestId"]: e["response"]["mimeType"]}))
        tools.on("Network.loadingFinished", lambda e: self.sizes.update({e["requestId"]: e["encodedDataLength"]}))

    def counted(self) -> dict[str, float]:
        """Requests to the site, those to other hosts, and kilobytes by kind."""
        own = [id for id, url in self.urls.items() if url.startswith(self.site)]
        foreign = [url for url in self.urls.values() if url.startswith("http") and not url.startswith(self.site)]
        sizes = dict.fromkeys(KINDS, 0.0)
        for id in own:
            sizes[kind(self.mimes.get(id, ""))] += self.sizes.get(id, 0) / 1000
        return {"requests": len(own), **sizes, "total": sum(sizes.values()), "foreign": len(foreign)}


def load(browser: Browser, site: str, name: str, screen: dict) -> tuple[dict[str, float], dict]:
    """One load with an empty cache: the numbers of the table, and what the browser saw."""
    for _ in range(STALLS):
        with contextlib.suppress(TimeoutError), contextlib.closing(browser.new_context(**screen)) as context:
            return _load(context, site, name)
    raise SystemExit(f"{site}chapters/{name}.html did not load within {PATIENCE:.0f} s, {STALLS} times")


def _load(context: BrowserContext, site: str, name: str) -> tuple[dict[str, float], dict]:
    context.add_init_script(f"({WATCH})()")
    page = context.new_page()
    traffic = Traffic(site)
    traffic.listen(context, page)
    page.goto(f"{site}chapters/{name}.html", wait_until="networkidle", timeout=1000 * PATIENCE)
    settled = page.evaluate(SETTLED)
    counted = traffic.counted()
    page.evaluate(SCROLL)
    seen = page.evaluate("seen")
    return counted | timed(seen, settled), seen


def timed(seen: dict, settled: float) -> dict[str, float]:
    """Milliseconds and shifts, out of what the browser saw; what is read later paints no first screen."""
    shifts = [(at, value) for at, value, _ in seen["shifts"]]
    first = seen["paints"][0]
    return {
        "FCP": first,
        "LCP": max(at for at, _ in seen["largest"] if at <= settled),
        "shift": shift_score([one for one in shifts if one[0] <= settled]),
        "read": shift_score(shifts),
        "TBT": blocking_time([task for task in seen["tasks"] if task[0] <= settled], since=first),
    }


def why(seen: dict, largest: float) -> list[str]:
    """What painted at the time ``largest``, and the three things that moved most."""
    at, what = next(entry for entry in seen["largest"] if entry[0] == largest)
    lines = [f"    LCP {at:6.0f} ms: {what}"]
    for at, value, sources in sorted(seen["shifts"], key=lambda shift: -shift[1])[:3]:
        lines.append(f"    shift {value:.3f} at {at:6.0f} ms: " + "; ".join(sources[:3]))
    return lines


def measure(browser: Browser, sites: dict[str, str], name: str, screen: dict, loads: int, explain: bool) -> dict:
    """The medians of a page in each build, loaded in turn."""
    runs, reasons = {build: [] for build in sites}, {}
    for _ in range(loads):
        for build, site in sites.items():
            numbers, seen = load(browser, site, name, screen)
            runs[build].append(numbers)
            reasons[build] = why(seen, numbers["LCP"]) if explain else []
    found = {build: medians(of) for build, of in runs.items()}
    for build, numbers in found.items():
        print("\n".join([row(name, build, numbers), *reasons[build]]), flush=True)
    print(row("", "ratio", ratios(found["ours"], found["default"]), whole=False), flush=True)
    return found


def compare(sites: dict[str, str], pages: list[str], loads: int, explain: bool) -> None:
    """Print the tables of both screens, and the aims under each."""
    with chromium() as browser:
        for screen, options in SCREENS.items():
            print(f"\n{screen}; kilobytes by kind, milliseconds, medians of {loads} loads")
            print(" " * 28 + "".join(f"{column:>9}" for column in COLUMNS))
            found = {name: measure(browser, sites, name, options, loads, explain) for name in pages}
            print("\n".join(verdicts(found)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", metavar="page", help=f"chapters to load; without any: {', '.join(PAGES)}")
    parser.add_argument("--loads", type=int, default=3, help="loads of each page in each build; 3 when not given")
    parser.add_argument("--why", action="store_true", help="say what painted last and what moved")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"Our book built in {seconds_to_build(ROOT).clock:.0f} s", flush=True)
        widgets = fetch_widgets(ROOT / "_build" / ".bench")
        write_default_book(folder, widgets)
        print(f"The default book built in {seconds_to_build(folder).clock:.0f} s, with the same outputs", flush=True)
        print("10 Mbit/s, 40 ms, empty cache; what the default asks of other hosts comes from its own:")
        print("MathJax and ipywidgets' scripts" if widgets else NO_WIDGETS)
        with served(ROOT / HTML) as own, served(folder / HTML) as other:
            compare({"ours": own, "default": other}, asked.pages or list(PAGES), asked.loads, asked.why)


if __name__ == "__main__":
    main()
