"""page_test.py TOOL SOURCE [SCREENSHOTS]: the page in headless Chromium: live, switched, pointed at, a picture dropped on it, on a phone, another model.

Exit code 77 where Playwright or Chromium is not installed: pip install playwright (in a venv named by
-DEDGEMOE_CLIENTS_PYTHON=venv/bin/python) and Debian's chromium.
"""
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from service import SKIP, get_json, serving

CHROMIUM = shutil.which("chromium")
try:
    from playwright.sync_api import sync_playwright
except ImportError as missing:
    print(f"skipped: {missing}; pip install playwright")
    sys.exit(SKIP)
if CHROMIUM is None:
    print("skipped: no chromium; apt-get install chromium")
    sys.exit(SKIP)

DROP = """async ([name, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/jpeg"}));
  dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, cancelable: true}));
}"""
# What a canvas shows, as the number of different colours in it: a blank one has one.
COLORS = """(canvas) => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data, seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
  return seen.size;
}"""


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def wait_until(page, condition):
    """Playwright's own wait evaluates text in the page, which the page's policy forbids."""
    end = time.monotonic() + 300
    while not page.evaluate(condition):
        if time.monotonic() > end:
            sys.exit(f"FAILED: waited in vain for {condition}")
        page.wait_for_timeout(50)


def open_page(browser, address, faults, **options):
    page = browser.new_context(**options).new_page()
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda message: message.type == "error" and faults.append(message.text))
    page.on("request", lambda request: faults.append(f"foreign: {request.url}")
            if not request.url.startswith((f"http://{address}", "blob:")) else None)
    page.goto(f"http://{address}/")
    page.wait_for_selector("canvas.map")
    return page


def check_desktop(page, address, picture, shots):
    live = page.locator("#status")
    expect("live:" in live.inner_text(), "the page is live")
    expect(page.locator("canvas.map").evaluate(COLORS) > 50, "the map is drawn")
    wait_until(page, "document.getElementById('fps').textContent !== '0.0' && document.getElementById('fps').textContent !== '–'")
    if shots:
        page.wait_for_timeout(3000)
        page.screenshot(path=shots / "classes.png", full_page=True)

    page.get_by_role("button", name="Depth", exact=True).click()
    wait_until(page, "document.getElementById('switched').textContent.includes('switched')")
    text = page.locator("#switched").inner_text()
    expect("next frame" in text, f"the task changes with the next frame: {text}")
    box = page.locator("canvas.map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8)
    wait_until(page, "/ m .*expert/.test(document.getElementById('pointer').textContent)")
    expect(True, f"the value under the pointer: {page.locator('#pointer').inner_text()}")
    if shots:
        page.screenshot(path=shots / "depth.png", full_page=True)

    page.get_by_role("button", name="All", exact=True).click()
    wait_until(page, "document.querySelectorAll('canvas.map').length === 3")
    expect(page.locator(".route").count() == 3, "each task has its router's view")
    page.get_by_label("experts on the map").check()
    page.get_by_role("button", name="Block 1", exact=True).click()
    page.locator("#class-palette").select_option("safe")
    if shots:
        page.wait_for_timeout(500)
        page.screenshot(path=shots / "all.png", full_page=True)

    page.locator("#number-type").select_option("int8")
    wait_until(page, "document.getElementById('engine').textContent.startsWith('int8')")
    expect(get_json(f"{address}/live/state")["models"][0]["number_type"] == "int8", "the engine is changed to int8")
    shown = int(page.locator("#counts").inner_text().split(" frames")[0].split()[-1])
    wait_until(page, f"parseInt(document.getElementById('counts').textContent.match(/(\\d+) frames/)[1]) > {shown}")
    expect(True, "frames go on with it")

    page.evaluate(DROP, ["my street.jpg", list(picture.read_bytes())])
    wait_until(page, "document.getElementById('status').textContent.startsWith('my street.jpg')")
    expect("512×256" in live.inner_text(), f"a dropped picture: {live.inner_text()}")
    if shots:
        page.screenshot(path=shots / "dropped.png", full_page=True)
    page.evaluate(DROP, ["text.jpg", list(b"no picture")])
    wait_until(page, "document.getElementById('status').textContent.includes('neither a JPEG nor a PNG')")
    expect(True, "what is no picture is refused with the reason")
    page.get_by_role("button", name="Back to live").click()
    wait_until(page, "document.getElementById('status').textContent.startsWith('live:')")
    expect(True, "back to live")


def check_models(page, shots):
    """Two models, the second one small and untrained."""
    picker = page.locator("#model-name")
    expect(picker.locator("option").all_inner_texts() == ["edgemoe-street", "small"], "both models are offered")
    expect(page.locator("#model").inner_text().startswith("edgemoe-street"), "the first is shown")
    page.get_by_role("button", name="Depth", exact=True).click()
    picker.select_option("small")
    wait_until(page, "document.querySelector('canvas.map') !== null && document.querySelectorAll('#blocks button').length === 2")
    expect(page.locator("#model").inner_text().startswith("small"), "the other model's name is shown")
    expect(page.locator("#warning").is_visible(), "that it is untrained is said")
    expect(page.get_by_role("button", name="Depth", exact=True).get_attribute("aria-pressed") == "true", "the task stays")
    page.get_by_role("button", name="Classes", exact=True).click()
    wait_until(page, "document.querySelectorAll('.classes li').length === 5")
    expect(page.locator("canvas.map").evaluate(COLORS) > 4, "the other model's map is drawn")
    if shots:
        page.wait_for_timeout(1000)
        page.screenshot(path=shots / "model.png", full_page=True)
    picker.select_option("edgemoe-street")
    wait_until(page, "document.querySelectorAll('.classes li').length > 5")
    expect(page.locator("#warning").is_hidden(), "and back")


def check_phone(page, shots):
    wide = page.evaluate("document.documentElement.scrollWidth"), page.evaluate("innerWidth")
    expect(wide[0] <= wide[1], f"nothing is wider than a phone: {wide}")
    page.get_by_role("button", name="Normals").tap()
    wait_until(page, "document.getElementById('switched').textContent.includes('switched')")
    expect(True, "a tap changes the task")
    if shots:
        page.wait_for_timeout(2000)
        page.screenshot(path=shots / "phone.png", full_page=True)


def main(tool, source, shots=None):
    picture = Path(source) / "examples/pictures/rendered-street.jpg"
    shots = Path(shots) if shots else None
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    faults = []
    with serving(tool, "--model", "edgemoe-street", "--source", picture, "--fps", "10") as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        desktop = open_page(browser, address, faults, viewport={"width": 1440, "height": 900})
        phone = open_page(browser, address, faults, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True,
                          device_scale_factor=2, color_scheme="dark")
        wait_until(desktop, "document.getElementById('counts').textContent.startsWith('2 viewers')")
        expect(True, "two viewers at a time")
        expect(desktop.locator("#model-picker").is_hidden(), "one model: nothing to pick")
        check_desktop(desktop, address, picture, shots)
        check_phone(phone, shots)
        browser.close()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        small = Path(folder) / "small.safetensors"
        subprocess.run([tool, "new", "tiny", "--seed", "3", "-o", small], check=True, stdout=subprocess.DEVNULL)
        with serving(tool, "--model", "edgemoe-street", "--model", small, "--source", "drive") as address:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            check_models(open_page(browser, address, faults, viewport={"width": 1440, "height": 900}), shots)
            browser.close()
    # Chromium itself logs the answer to the file that is no picture.
    faults = [fault for fault in faults if "400" not in fault]
    expect(not faults, f"no script faults, nothing from elsewhere: {faults}")


if __name__ == "__main__":
    main(*sys.argv[1:])
