"""Opens a page in headless Chromium, over a pipe: browse.py CHROMIUM PAGE SCREENSHOTS AXE; says what it saw as JSON."""

import base64
import fcntl
import json
import os
import pathlib
import subprocess
import sys
import tempfile

WIDTHS = [(360, 780), (820, 1100), (1440, 900)]
SCHEMES = ["light", "dark"]


class Browser:
    def __init__(self, program, profile):
        # Chromium reads commands from file 3 and answers in file 4.
        pipes = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (*os.pipe(), *os.pipe())]
        theirs_in, self.out, self.inp, theirs_out = pipes

        def begin():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
                 f"--user-data-dir={profile}", "--remote-debugging-pipe"]
        self.process = subprocess.Popen([program, *flags], preexec_fn=begin, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.number, self.rest, self.events, self.session = 0, b"", [], None

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.inp, 1 << 16)
            if not part:
                sys.exit("Chromium ended")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"{expression[:80]}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def key(self, key):
        for kind in ("rawKeyDown", "keyUp"):
            code = {"Enter": 13, "Escape": 27, "ArrowRight": 39}[key]
            text = {"text": "\r"} if key == "Enter" and kind == "rawKeyDown" else {}
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else kind, key=key, code=key,
                      windowsVirtualKeyCode=code, **text)


def begin(browser):
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(f"{domain}.enable")


def noise(events):
    """What a console would show, and what was asked of a network."""
    errors, requests = [], []
    for event in events:
        parameters = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                errors.append(parameters["exceptionDetails"].get("text", "") + str(parameters["exceptionDetails"].get("exception", {}).get("description", "")))
            case "Runtime.consoleAPICalled":
                errors.append(str(parameters.get("args")))
            case "Log.entryAdded":
                errors.append(parameters["entry"]["text"])
            case "Network.requestWillBeSent":
                requests.append(parameters["request"]["url"].split(":", 1)[0])
    return errors, sorted(set(requests))


FACTS = """({
    title: document.title,
    scripts: document.scripts.length,
    images: document.images.length,
    overflow: Math.max(document.documentElement.scrollWidth, window.innerWidth) - WIDTH,
    outside: [...document.querySelectorAll("main section *")].filter(it => !it.closest(".map, .icicle, .unseen") &&
        it.getBoundingClientRect().width > 0 && it.closest(".scroll") === null &&
        it.getBoundingClientRect().right > it.closest("section").getBoundingClientRect().right).length,
    layers: document.querySelectorAll("#map .layer").length,
    rows: document.querySelectorAll("#layers-table tbody tr").length,
    found: document.getElementById("found").textContent,
    text: document.body.innerText.length,
    start: !document.getElementById("start").hidden,
})"""

# Styles of axe's own are no finding of ours; what it needs is allowed by evaluating it.
AXE = """axe.run(document, { resultTypes: ["violations"] }).then(result => result.violations.map(it =>
    `${it.id}: ${it.nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join(" | ")}`))"""


def search(browser, text):
    browser.evaluate(f"""(() => {{ const query = document.getElementById("query"); query.value = {json.dumps(text)};
        query.dispatchEvent(new Event("input")); return new Promise(done => setTimeout(done, 300)); }})()""")
    return browser.evaluate("""({ found: document.getElementById("found").textContent,
        first: document.querySelector("#list li")?.innerText ?? "" })""")


def keyboard(browser):
    browser.evaluate("document.querySelector('#map .open[tabindex=\"0\"]').focus()")
    steps = []
    for key in ("ArrowRight", "Enter", "Escape"):
        browser.key(key)
        steps.append(browser.evaluate("""({ zoomed: document.getElementById("map").classList.contains("zoomed"),
            focus: document.activeElement.getAttribute("aria-label") ?? document.activeElement.id })"""))
    return steps


def look(browser, page, screenshots, axe):
    seen = []
    for width, height in WIDTHS:
        for scheme in SCHEMES:
            browser.events.clear()
            browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.call("Page.navigate", url=page.as_uri())
            browser.wait_for("Page.loadEventFired")
            facts = browser.evaluate(FACTS.replace("WIDTH", str(width)))
            shot = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
            (screenshots / f"{width}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
            facts["errors"], facts["requests"] = noise(browser.events)
            browser.evaluate(axe)
            facts["axe"] = browser.evaluate(AXE)
            seen.append({"width": width, "scheme": scheme, **facts})
    return seen


def main():
    program, page, screenshots, axe = sys.argv[1:5]
    page, screenshots = pathlib.Path(page).resolve(), pathlib.Path(screenshots)
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        try:
            begin(browser)
            seen = look(browser, page, screenshots, pathlib.Path(axe).read_text())
            keys = keyboard(browser)
            searches = [search(browser, text) for text in sys.argv[5:]]
            print(json.dumps({"seen": seen, "keys": keys, "searches": searches}))
        finally:
            browser.process.kill()
            browser.process.wait()


main()
