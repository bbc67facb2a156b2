"""What explorables cost: kilobytes on the page, and the time from a reader's hand to the painted frame.

Measured in headless Chromium on three explorables of this file, and on those of the built book where there is one.
Beside them stands the same picture by ipywidgets and matplotlib: the time a live kernel needs from the moved slider to
the picture's bytes, before any network or browser.
"""

import gzip
import re
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from _site import chromium, served
from activations import explore
from activations.charts import Axis, Chart, Curves, HeatMap, Line, Points
from playwright.sync_api import Browser, Page

BOOK = Path(__file__).parent.parent / "_build" / "html"
STEPS = 60


# --- the explorables of this bench: lines in many frames, a bent plane, a heat map with contours ---

X = np.linspace(-6, 6, 241)


def microscope(scale: float, shift: float, at: float) -> Chart:
    def f(x):
        return 1 / (1 + np.exp(-scale * (x - shift)))

    tangent = f(at) + scale * f(at) * (1 - f(at)) * (X - at)
    marks = [Line(X, f(X), label="sigmoid"), Line(X, tangent, label="tangent"), Points([at], [f(at)])]
    return Chart(Axis("x"), Axis("y", limits=(-0.2, 1.2)), marks, words=f"The tangent at {at}.")


def bent_plane(depth: int) -> Chart:
    rng = np.random.default_rng(0)
    at, along = np.meshgrid(np.linspace(-2, 2, 21), np.linspace(-2, 2, 81), indexing="ij")
    plane = np.stack([np.concatenate([at, along]), np.concatenate([along, at])])
    for weights in rng.normal(size=(depth, 2, 2)):
        plane = np.tanh(np.einsum("ij,jkl->ikl", weights, plane))
    curves = [Curves(*plane[:, half], label=label) for half, label in ((slice(21), "down"), (slice(21, 42), "across"))]
    return Chart("u", "v", curves, words=f"The plane after {depth} layers.", equal=True)


def landscape(turn: float) -> Chart:
    side = np.linspace(-2, 2, 61)
    u, v = np.meshgrid(side, side)
    z = (u * np.cos(turn) + v * np.sin(turn)) ** 2 + 5 * (v * np.cos(turn) - u * np.sin(turn)) ** 2
    return Chart("u", "v", [HeatMap(side, side, z, "loss", levels=(1, 4, 9, 16))], words="A valley.", equal=True)


def own_page(folder: Path) -> None:
    made = [
        explore.explore(microscope, scale=[0.5, 1, 2], shift=np.linspace(-3, 3, 13), at=np.linspace(-5, 5, 61)),
        explore.explore(bent_plane, depth=range(31)),
        explore.explore(landscape, turn=np.linspace(0, 3, 31)),
    ]
    for module in explore.FRONTEND.glob("*.mjs"):
        shutil.copy(module, folder)
    (folder / "explorable.css").write_text(explore.stylesheet(), encoding="utf-8")
    body = "".join(one.as_html() for one in made)
    head = '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="explorable.css">'
    script = '<script type="module" src="host.mjs"></script>'
    (folder / "index.html").write_text(head + body + script, encoding="utf-8")


# --- the page: from the slider's event to the painted frame ---

MOVES = """async ([name, moves]) => {
  const root = document.querySelector(`[data-name="${name}"]`);
  const input = [...root.querySelectorAll("input")].at(-1) ?? root.querySelector("select");
  const count = input.options?.length ?? Number(input.max) + 1;
  const times = [];
  for (let move = 1; move <= moves; move++) {
    await new Promise((done) => setTimeout(done, 50));
    let frame;
    requestAnimationFrame(() => (frame = performance.now()));  // asked for first: called before the drawing
    const began = performance.now();
    input[input.options ? "selectedIndex" : "value"] = move % count;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    const handled = performance.now();
    await new Promise((done) => requestAnimationFrame(() => {
      const channel = new MessageChannel();  // its message comes after style, layout and paint
      channel.port1.onmessage = done;
      channel.port2.postMessage(0);
    }));
    const painted = performance.now();
    times.push([painted - began, handled - began + painted - frame]);
  }
  return times;
}"""


def time_moves(page: Page, name: str) -> tuple[list[float], list[float]]:
    """Milliseconds to the painted frame, and of our own work without the wait for it, for each move."""
    page.locator(f'[data-name="{name}"]').scroll_into_view_if_needed()
    page.wait_for_selector(f'[data-name="{name}"][data-live]')
    return tuple(zip(*page.evaluate(MOVES, [name, STEPS]), strict=True))


def explorables_in(file: Path) -> dict[str, tuple[float, float]]:
    """By name, the kilobytes (gzip) that an explorable's element adds to a page, and its frames' share of them."""
    found = {}
    for element in re.findall(r'<div class="explorable" .*?</figure></div>', file.read_text(encoding="utf-8"), re.S):
        name, payload = re.match(r'.*?data-name="(.*?)" data-payload="(.*?)"', element).groups()
        found[name] = (len(gzip.compress(element.encode())) / 1000, len(gzip.compress(payload.encode())) / 1000)
    return found


def percentile_95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def measure(folder: Path, browser: Browser) -> None:
    with served(folder) as address:
        for file in sorted(folder.rglob("*.html")):
            sizes = explorables_in(file)
            page = browser.new_page(viewport={"width": 1000, "height": 900})
            if sizes:
                page.goto(address + file.relative_to(folder).as_posix())
            for name, (whole, frames) in sizes.items():
                painted, worked = time_moves(page, name)
                times = [statistics.median(painted), percentile_95(painted), statistics.median(worked)]
                row = "".join(f"{time:9.1f}" for time in [*times, percentile_95(worked)])
                print(f"{file.stem[:16]:17}{name[:20]:21}{whole:7.1f}{frames:8.1f}{row}", flush=True)
            page.close()


# --- the same picture by ipywidgets and matplotlib ---

KERNEL_SETUP = """
import sys
sys.path.insert(0, {folder!r})
import explorables, ipywidgets
from activations import figures
slider = ipywidgets.FloatSlider(min=-5, max=5, step=0.1)
def show(at):
    figures.draw(explorables.microscope(1, 0, at))
    figures.plt.show()
ipywidgets.interactive(show, at=slider)
"""


def kernel_times() -> list[float]:
    """Milliseconds from a moved slider to the end of the new picture's output, in a kernel of its own."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive(KERNEL_SETUP.format(folder=str(Path(__file__).parent)), output_hook=lambda _: None)
        times = []
        for step in range(STEPS // 3):
            began = time.perf_counter()
            client.execute_interactive(f"slider.value = {step / 10 - 3}", output_hook=lambda _: None)
            times.append(1000 * (time.perf_counter() - began))
        return times[1:]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def front_end_size() -> float:
    """Kilobytes (gzip) of modules and style sheet, with their comments; the built page has them without."""
    texts = [*(path.read_bytes() for path in explore.FRONTEND.glob("*.mjs")), explore.stylesheet().encode()]
    return sum(len(gzip.compress(text)) for text in texts) / 1000


def main() -> None:
    print(f"Front end, once a site: {front_end_size():.1f} kB as written")
    print(
        f"{STEPS} moves of the last control; milliseconds to the painted frame, which waits for the screen, and of work"
    )
    print(
        f"{'page':17}{'explorable':21}{'kB':>7}{'frames':>8}{'painted':>9}{'95 %':>9}{'work':>9}{'95 %':>9}", flush=True
    )
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        own_page(Path(folder))
        for place in (Path(folder), BOOK):
            if place.exists():
                measure(place, browser)
    times = kernel_times()
    print(f"ipywidgets and matplotlib, in the kernel alone:{statistics.median(times):34.0f}{percentile_95(times):9.0f}")


if __name__ == "__main__":
    main()
