"""Opens a page in headless Chromium."""
import json
import re
import shutil
import subprocess
import tempfile

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """What a page does in a browser. Nothing is loaded from a network: there is none to it."""

    def __init__(self, folder):
        self.folder = folder

    def _run(self, page, *options, timeout=120):
        with tempfile.TemporaryDirectory(prefix="ranvier-browser-") as profile:
            return subprocess.run(
                [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND",
                 "--enable-logging=stderr", "--virtual-time-budget=10000", *options,
                 (self.folder / page).as_uri()],
                capture_output=True, text=True, errors="replace", timeout=timeout, check=True)

    def open(self, page, script=None, *options):
        """(value of `script`, lines that the console received). The script runs in the page, after
        it has been built, as the body of a function that returns something JSON can hold."""
        text = (self.folder / page).read_text()
        if script is not None:
            runner = ("<script>{const result = document.createElement('pre'); result.id = 'result-of-test';"
                      "result.textContent = JSON.stringify((() => {" + script + "})());"
                      "document.body.append(result);}</script></body>")
            text = text.replace("</body>", runner)
        (self.folder / "opened.html").write_text(text)
        done = self._run("opened.html", "--dump-dom", *options)
        console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
        if script is None:
            return None, console
        found = re.search(r'<pre id="result-of-test">(.*?)</pre>', done.stdout, re.S)
        if found is None:
            raise AssertionError("the script gave no result:\n" + "\n".join(console))
        import html
        return json.loads(html.unescape(found.group(1))), console

    def picture(self, page, name, size, *options):
        self._run(page, f"--screenshot={self.folder / name}", f"--window-size={size}", *options)
        return self.folder / name
