"""Opens the local engine's page in headless Chromium, uses it, and tries what it must refuse.

It is given the address of the page, with its key, and that of the route that classifies.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from browser import Browser

LIMIT_SECONDS = 30


def check(condition: bool, what: object) -> None:
    """Ends the test when something is not so."""
    if not condition:
        sys.exit(f"not so: {what}")


def ask(url: str, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
    """Sends a request as a client that is no browser."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("GET", f"{parts.path}?{parts.query}".rstrip("?"), headers=headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text, {name.lower(): value for name, value in response.getheaders()}


def eventually(page: Browser, expression: str) -> None:
    """Waits until an expression is true in the page."""
    end = time.monotonic() + LIMIT_SECONDS
    while not page.evaluate(expression):
        check(time.monotonic() < end, expression)
        time.sleep(0.05)


def refusals(url: str) -> None:
    """What is asked for under a foreign name, or by another site, is not told."""
    port = urlsplit(url).port
    for host in ("evil.test", f"evil.test:{port}", "127.0.0.1.evil.test"):
        status, text, _ = ask(url, {"Host": host})
        check(status == 403 and "tiny" not in text, (host, status, text[:200]))
    for site, mode, place, expected in (
        ("cross-site", "cors", "empty", 403),
        ("same-site", "no-cors", "script", 403),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "navigate", "document", 200),
        ("none", "navigate", "document", 200),
        ("same-origin", "cors", "empty", 200),
    ):
        names = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": place}
        status, text, _ = ask(url, names)
        check(status == expected, (names, status))
        check(("tiny" in text) == (expected == 200), (names, text[:200]))
    last = "1" if url.endswith("0") else "0"
    for other in (url.split("?")[0], url[:-1], f"{url}0", f"{url[:-1]}{last}"):
        status, text, headers = ask(other, {})
        check(status == 403 and "deploy open" in text and "tiny" not in text, (other, status))
        check("set-cookie" not in headers, headers)
    status, _, headers = ask(url, {})
    check(status == 200, status)
    check("frame-ancestors 'none'" in headers["content-security-policy"], headers)
    check(headers["x-frame-options"] == "DENY", headers)
    check("access-control-allow-origin" not in headers, headers)
    check(headers["cross-origin-resource-policy"] == "same-origin", headers)


def row(page: Browser, caption: str) -> list[str]:
    """The cells of the first row of a table."""
    texts = page.evaluate(
        "[...document.querySelectorAll('table')]"
        f".filter(x => x.caption.textContent === {caption!r})"
        ".flatMap(x => [...x.querySelectorAll('tbody tr:first-child td')]).map(x => x.textContent)"
    )
    return [str(text) for text in texts]


def shows(page: Browser, url: str) -> None:
    """Everything is there, in both themes and widths, and nothing comes from elsewhere."""
    for theme in ("light", "dark"):
        for width in (360, 1200):
            page.open(url, width, theme)
            asked = {event["request"]["url"] for event in page.seen("Network.requestWillBeSent")}
            check(asked <= {url, urljoin(url, "/_deploy/page.js")}, asked)
            check(page.seen("Log.entryAdded") == [], page.seen("Log.entryAdded"))
            check(page.seen("Runtime.exceptionThrown") == [], "no exception")
            wide = page.evaluate("document.documentElement.scrollWidth")
            check(wide <= width, ("scrolls sideways", width, wide))
    text = page.evaluate("document.body.innerText")
    for part in (
        "tiny-local-foundation",
        "tiny-local-service",
        "CREATE_COMPLETE",
        "InService",
        "Completed",
        "eval_accuracy 0.9300",
        "/aws/sagemaker/TrainingJobs",
        "API calls in the last minute",
        "tiny-local-endpoint-errors",
    ):
        check(part in text, part)
    batch = row(page, "Batch transform jobs and their records, newest first")
    check(batch[-2:] == ["2", "0"], batch)
    figures = row(page, "CloudWatch metrics of the last 5 minutes")
    check(int(figures[0]) > 0 and figures[1] == "0", figures)
    check(all(figure.endswith(" ms") for figure in figures[2:4]), figures)
    calls = int(page.evaluate("document.querySelector('.figures dd').textContent"))
    check(calls > 0, "calls are counted")


def can_be_used_without_seeing_it(page: Browser) -> None:
    """Names, roles and languages are there for a screen reader, and keys reach everything."""
    for selector, count in {
        "main": 1,
        "h1": 1,
        "html[lang=en]": 1,
        "svg:not([role=img][aria-label])": 0,
        "table:not(:has(caption))": 0,
        "th:not([scope])": 0,
        ".scroll:not([tabindex='0'][role=region][aria-label])": 0,
        "output[aria-live=polite]": 1,
    }.items():
        found = page.evaluate(f"document.querySelectorAll({selector!r}).length")
        check(found == count, (selector, found))
    unlabelled = "[...document.querySelectorAll('input, select')].some(x => !x.labels.length)"
    check(not page.evaluate(unlabelled), "every field has a label")


def classifies(page: Browser, api: str) -> None:
    """The box asks the API and shows the answer; a refusal is shown too."""
    check(page.evaluate("document.getElementById('api').value") == urlsplit(api).path, api)
    page.evaluate("document.querySelector('#try button').click()")
    eventually(page, "document.querySelector('#answer strong')?.textContent === 'Business'")
    page.evaluate("document.getElementById('text').value = '   '")
    page.evaluate("document.querySelector('#try button').click()")
    eventually(page, "document.getElementById('answer').textContent.startsWith('HTTP 400')")


def refreshes(page: Browser) -> None:
    """What is shown is renewed, but not under whoever reads it; what is open stays open."""
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.querySelector('#live details').open = true")
    page.evaluate("document.querySelector('#live p.muted').textContent = 'old'")
    eventually(page, "document.querySelector('#live p.muted').textContent !== 'old'")
    check(page.evaluate("document.querySelector('#live details').open"), "it stays open")
    page.evaluate("document.querySelector('#live .scroll').focus()")
    page.evaluate("document.querySelector('#live p.muted').textContent = 'old'")
    page.evaluate("refresh()")
    asked = page.evaluate("document.querySelector('#live p.muted').textContent")
    check(asked == "old", "what is read is left alone")


def works_without_script(page: Browser, url: str) -> None:
    """Without scripts everything is shown, and the box says how else to ask."""
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(url, 1200)
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    text = json.dumps([node.get("name", {}).get("value", "") for node in nodes])
    check("tiny-local-service" in text and "curl" in text, "all is shown")
    check("Classify" not in text, "a box that cannot work is not shown")


def main() -> None:
    """Runs all of it."""
    url, api = sys.argv[1:]
    refusals(url)
    with tempfile.TemporaryDirectory() as profile, Browser(Path(profile)) as page:
        shows(page, url)
        can_be_used_without_seeing_it(page)
        classifies(page, api)
        refreshes(page)
        works_without_script(page, url)


if __name__ == "__main__":
    main()
