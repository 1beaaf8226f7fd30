"""Takes the pictures in docs/screenshots: `python -m tests.browser.screenshots`."""

import base64
import struct
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.demo_server import DemoServer, demo_server
from tests.browser.gallery import NAMES, gallery
from tests.browser.provide import launch_options

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
# Chromium decodes its own PNG: its most frequent colours, none too close to another, and for
# each pixel the nearest of them.
REDUCE = """async (png) => {
  const image = await createImageBitmap(await (await fetch("data:image/png;base64," + png)).blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  const distance = (a, b) => parts(a).reduce((sum, part, n) => sum + (part - parts(b)[n]) ** 2, 0);
  const ranked = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || a - b);
  let palette = ranked;
  for (let gap = 8; palette.length > 256; gap *= 2) {
    palette = [];
    for (const each of ranked) if (palette.every((kept) => distance(kept, each) >= gap)) palette.push(each);
  }
  const nearest = (pixel) => palette.reduce((best, each, n) =>
    distance(pixel, each) < distance(pixel, palette[best]) ? n : best, 0);
  const index = new Map(palette.map((pixel, n) => [pixel, n]));
  for (const pixel of counts.keys()) if (!index.has(pixel)) index.set(pixel, nearest(pixel));
  let text = "";
  for (const pixel of pixels) text += String.fromCharCode(index.get(pixel));
  return { width: image.width, height: image.height, palette: palette.flatMap(parts), indices: btoa(text) };
}"""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_palette(png: bytes, workshop: Page) -> bytes:
    """The same picture as a PNG of at most 256 colours."""
    made: dict[str, Any] = workshop.evaluate(REDUCE, base64.b64encode(png).decode())
    width, height, indices = made["width"], made["height"], base64.b64decode(made["indices"])
    rows = b"".join(b"\0" + indices[row * width : (row + 1) * width] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"PLTE", bytes(made["palette"])),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


def take_all(browser: Browser, server: DemoServer, options: dict[str, Any]) -> None:
    width, workshop = options["viewport"]["width"], browser.new_page()
    pages = gallery(server, lambda: browser.new_context(**options, reduced_motion="reduce"))
    for name, page in pages:
        page.mouse.move(0, 0)
        picture = page.screenshot(full_page=True, animations="disabled", caret="initial")
        (FOLDER / f"{name}-{width}.png").write_bytes(with_palette(picture, workshop))
    workshop.close()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        demo_server(Path(home) / "home") as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(**launch_options()) as browser,
    ):
        for options in (PHONE, DESKTOP):
            take_all(browser, server, options)
    size_kb = sum(picture.stat().st_size for picture in FOLDER.glob("*.png")) // 1024
    sys.stdout.write(f"Wrote {2 * len(NAMES)} pictures to docs/screenshots ({size_kb} KB).\n")


if __name__ == "__main__":
    main()
