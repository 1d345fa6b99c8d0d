"""Reports of real trainings in a real browser."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

from cluster import HANG_SECONDS, ROOT, Failure, fresh
from playwright.sync_api import Error, sync_playwright
from processes import descendants, send

MODEL = ROOT / "finetune-core/src/test/resources/golden/models/bert-seqcls"
WIDTHS = (400, 1280)
HEIGHT = 900
CONFIG = """model: {model}
task: classification
data: {{train: {folder}/train.jsonl, max_length: 16, eval_fraction: 0.1, test_fraction: 0.2}}
training: {{max_steps: {steps}, per_device_train_batch_size: 4, learning_rate: 1.0e-3, logging_steps: 1,
  eval_steps: 100, save_steps: 100, save_total_limit: 2}}
cluster: {{ranks: 2}}
output: {{dir: {folder}/{name}}}
"""


def require(holds, what):
    if not holds:
        raise Failure(what)


class Run:
    """A command `finetune run` in a process of its own."""

    def __init__(self, work, name, steps):
        self.config = work / f"{name}.yaml"
        self.config.write_text(CONFIG.format(model=MODEL, folder=work, name=name, steps=steps))
        self.report = work / name / "report.html"
        self.log = work / f"{name}.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [ROOT / "submit/bin/finetune", "run", "--config", self.config],
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )

    def until(self, text):
        """Waits until the report has a text."""
        deadline = time.monotonic() + HANG_SECONDS
        while not (self.report.exists() and re.search(text, self.report.read_text())):
            require(self.process.poll() is None, f"the run ended: {self.log}")
            require(time.monotonic() < deadline, f"{self.report} does not show {text}")
            time.sleep(0.1)

    def end(self):
        if self.process.poll() is None:
            for pid in [self.process.pid, *descendants(self.process.pid)]:
                send(pid, signal.SIGKILL)
            self.process.wait()


def watch(run, *options):
    command = [ROOT / "submit/bin/finetune", "watch", "--config", run.config, *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=HANG_SECONDS)


class Tab:
    """An open report at one width, with the errors of its scripts and the number of its loads."""

    def __init__(self, browser, run, width, work, scheme):
        self.width, self.work = width, work
        self.page = browser.new_page(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
        self.errors, self.loads = [], 0
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("load", self.loaded)
        self.page.goto(run.report.as_uri())

    def loaded(self, _):
        self.loads += 1

    def until(self, script, what, seconds=60):
        """Waits until a script's value is true; the page may reload meanwhile."""
        # Playwright's own wait evaluates a text in the page, which the page's security policy forbids.
        deadline = time.monotonic() + seconds
        while not self.evaluate(f"() => Boolean({script})"):
            if time.monotonic() > deadline:
                raise Failure(f"{what}, at {self.width} px: {self.page.inner_text('main')[:300]}")
            self.page.wait_for_timeout(100)

    def evaluate(self, function):
        """Returns a function's value; calls it again if a reload interrupts it."""
        for _ in range(10):
            try:
                return self.page.evaluate(function)
            except Error as error:
                if "context was destroyed" not in str(error) and "navigation" not in str(error):
                    raise
                self.page.wait_for_load_state()
        raise Failure(f"the page is always reloaded, at {self.width} px")

    def check(self, name, charts=5):
        """Checks the layout of what the page shows now, and takes its picture."""
        seen = self.evaluate(
            """() => ({
              wide: document.documentElement.scrollWidth - innerWidth,
              charts: [...document.querySelectorAll(".chart canvas")].filter(c => c.width > 99 && c.height > 99).length,
              broken: [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll, pre")
                && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80)),
              braces: document.body.innerText.includes("{{"),
            })"""
        )
        self.page.screenshot(path=self.work / f"{name}-{self.width}.png", full_page=True)
        require(seen["wide"] <= 0 and not seen["broken"], f"{name} at {self.width} px is too wide: {seen}")
        require(seen["charts"] >= charts, f"{name} at {self.width} px has {seen['charts']} charts")
        require(not seen["braces"], f"{name} has a placeholder")
        require(not self.errors, f"{name} at {self.width} px: {self.errors}")

    def stays(self, name):
        """Checks that the page of an ended run is not loaded again."""
        require(not self.page.query_selector("[http-equiv=refresh]"), f"{name} has a refresh")
        before = self.loads
        self.page.wait_for_timeout(8000)
        require(self.loads == before, f"{name} is still reloaded")


# Where the first chart that begins below the window's upper edge stands in the window. A tile above that grows moves
# the page under its reader, and the browser scrolls with it.
PLACE = """() => [...document.querySelectorAll(".chart")]
  .map((chart, number) => ({ number, top: chart.getBoundingClientRect().top })).find(chart => chart.top >= 0)"""
TOP = "() => document.querySelectorAll('.chart')[{}].getBoundingClientRect().top"
STEP = "Number(document.querySelector('#live progress')?.value ?? 0)"


def follows(tabs):
    """Checks that open pages show later steps by themselves, and stay where their reader is."""
    for tab in tabs:
        tab.evaluate("() => { document.querySelector('details').open = true; scrollTo(0, 500); }")
        tab.place = tab.evaluate(PLACE)
        tab.at = tab.evaluate(f"() => {STEP}")
    for tab in tabs:
        tab.until(f"{STEP} > {tab.at}", "the page does not follow the run")
        moved = tab.evaluate(TOP.format(tab.place["number"])) - tab.place["top"]
        require(abs(moved) <= 1, f"a reload moves the page by {moved} px under its reader, at {tab.width} px")
        require(tab.evaluate("() => document.querySelector('details').open"), "a reload closes the settings")
        tab.evaluate("() => { document.querySelector('details').open = false; scrollTo(0, 0); }")


def failed(browser, work):
    """A run that a signal ends."""
    run = Run(work, "stopped", 1_000_000)
    try:
        run.until(r"step [1-9][0-9,]* of 1,000,000.*(?s:.*)newest checkpoint")
        tabs = [Tab(browser, run, width, work, "light") for width in WIDTHS]
        for tab in tabs:
            tab.until("document.querySelector('#news').innerText.includes('follows the run')", "no word of following")
            tab.check("running")
        follows(tabs)
        shown = watch(run, "--once")
        require(shown.returncode == 0 and "running" in shown.stdout, f"watch --once: {shown}")
        for pid in [run.process.pid, *descendants(run.process.pid)]:
            send(pid, signal.SIGTERM)
        run.process.wait(HANG_SECONDS)
        for tab in tabs:
            tab.until("document.querySelector('#live')?.dataset.state === 'failed'", "the page does not show the end")
            tab.check("failed")
        tabs[0].stays("failed")
        ended = watch(run)
        require(ended.returncode == 4 and "interrupted by a signal" in ended.stdout, f"watch of a failed run: {ended}")
        return "live, follows the run, and shows that a signal ended it"
    finally:
        run.end()


def done(browser, work):
    """A run that reaches its end."""
    run = Run(work, "done", 400)
    try:
        run.until('id="live"')
        tabs = [Tab(browser, run, width, work, "dark") for width in WIDTHS]
        followed = watch(run)
        require(run.process.wait(HANG_SECONDS) == 0, f"the run failed: {run.log}")
        require(followed.returncode == 0 and "done " in followed.stdout, f"watch of a run: {followed}")
        for tab in tabs:
            tab.until("!document.querySelector('#live') && document.body.innerText.includes('test accuracy')", "no end")
            tab.check("done")
        tabs[0].stays("done")
        progress = json.loads((run.report.parent / "progress.json").read_text())
        require(progress["state"] == "done" and progress["record"]["step"] == 400, f"progress.json: {progress}")
        return "live from the first step on, and the final report at the end"
    finally:
        run.end()


def chromium():
    """Returns the program, or None for the one that playwright fetched."""
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


def main():
    work = fresh(ROOT / "submit/target/report-test")
    with open(work / "train.jsonl", "w") as out:
        for i in range(400):
            kind = ("money", "spam") if i % 2 == 0 else ("work", "ham")
            out.write(json.dumps({"text": f"mail {i} about {kind[0]}", "label": kind[1]}) + "\n")
    with sync_playwright() as playwright:
        # Containers, whose user is root, have no sandbox.
        sandbox = [] if os.getuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=chromium(), args=sandbox)
        print(f"Chromium {browser.version}", flush=True)
        for scenario in (failed, done):
            started = time.monotonic()
            seen = scenario(browser, work)
            print(f"{scenario.__name__:8} {time.monotonic() - started:5.0f} s  {seen}", flush=True)
        browser.close()
    return 0
