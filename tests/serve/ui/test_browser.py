"""The page in a real browser: look, correct, save; what a hostile page cannot do; accessibility."""

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.serve.ui.conftest import Ui

PAGE = (
    "<!doctype html><style>h1{color:#333}</style><nav>Home</nav><h1>Oak <b>table</b></h1><p>Was <s>€ 500</s>"
    " now <b id=now>€ 450</b></p><div style='height:2000px'></div><p id=low>Solid oak, made by Hultberg</p>"
)
HOSTILE = """<html><head><meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/away">
<script>parent.document.body.innerHTML = 'taken'; top.location = 'http://127.0.0.1:9/'</script>
<style>* {position: fixed !important; inset: 0 !important; z-index: 2147483647 !important; background: red !important}
@import url(http://127.0.0.1:9/a.css); mark, [data-fieldsift] {display: none !important}</style></head>
<body onload="parent.document.title='taken'"><form id=f action="http://127.0.0.1:9/form"><input autofocus name=x></form>
<a href="http://127.0.0.1:9/link" target=_top>Oak table</a><img src="http://127.0.0.1:9/i.png" width=99999 height=99999>
<iframe src="http://127.0.0.1:9/frame"></iframe><svg onload="alert(1)"><script>alert(1)</script></svg>
<p>Oak table</p>"""
REACHING = (Path(__file__).parent / "data" / "reaching.html").read_text()  # every way to ask for something


def extract(tab: Any, ui: Ui, page: str) -> None:
    tab.goto(ui.url)
    tab.wait_for_selector("#run option", state="attached")
    tab.fill("#source", page)
    tab.click("#extract")
    tab.wait_for_selector("#values li", timeout=60_000)
    tab.wait_for_selector("#extract:not([disabled])", timeout=60_000)  # the page is shown


def serious(tab: Any) -> list[str]:
    """What axe-core finds that is serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed").Axe()
    found = axe.run(tab).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found if v["impact"] in ("serious", "critical")]


def drag(tab: Any, pattern: str) -> None:
    """Select an element's text in the frame as a hand does: press at its start, move, let go at its end.

    Through the browser's own protocol, because Playwright's mouse waits for scripts in the frame, which are off.
    """
    tab.locator("#frame").scroll_into_view_if_needed()
    tab.frame_locator("#frame").locator(pattern).wait_for()
    left, right, y = tab.evaluate(
        """pattern => {
            const frame = document.querySelector("#frame");
            const range = frame.contentDocument.createRange();
            frame.contentDocument.querySelector(pattern).scrollIntoView({block: "center"});
            range.selectNodeContents(frame.contentDocument.querySelector(pattern));
            const [outer, inner] = [frame.getBoundingClientRect(), range.getBoundingClientRect()];
            return [outer.left + inner.left + 1, outer.left + inner.right, outer.top + inner.top + inner.height / 2];
        }""",
        pattern,
    )
    session = tab.context.new_cdp_session(tab)
    events = [("mouseMoved", left, 0), ("mousePressed", left, 1), ("mouseMoved", (left + right) / 2, 1)]
    for kind, x, buttons in [*events, ("mouseMoved", right, 1), ("mouseReleased", right, 0)]:
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1}
        session.send("Input.dispatchMouseEvent", event)


def test_look_correct_save(ui: Ui, tab: Any, workspace: Path) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": 500}
    extract(tab, ui, PAGE)
    frame = tab.frame_locator("#frame")
    assert frame.locator("mark").all_text_contents() == ["Oak ", "table", "500"]
    tab.click('[data-path="name"] .place')
    assert tab.frame_locator("#frame").locator("mark.on").all_text_contents() == ["Oak ", "table"]
    assert "75 %" in tab.text_content('[data-path="name"]')
    assert "on the page" in tab.text_content('[data-path="price"]')

    tab.click('[data-path="name"] button[aria-label^="Use"]')
    tab.wait_for_selector("#message.wrong:has-text('Select')")
    drag(tab, "#low")
    tab.click('[data-path="name"] button[aria-label^="Use"]')
    assert tab.is_hidden("#message")
    assert tab.input_value("#value-0") == "Solid oak, made by Hultberg"
    drag(tab, "#now")
    tab.click('[data-path="price"] button[aria-label^="Use"]')
    assert tab.input_value("#value-1") == "€ 450"
    tab.click("#save")
    tab.wait_for_selector("#message:has-text('now has 1 example')")
    assert tab.input_value("#value-1") == "450"
    saved = json.loads((workspace / "artifacts/toy/corrections.jsonl").read_text())
    assert saved == {"input": PAGE, "output": {"name": "Solid oak, made by Hultberg", "price": 450}}

    tab.fill("#value-1", "cheap")
    tab.click("#save")
    tab.wait_for_selector("#message.wrong:has-text('fit the schema: price')")


def test_a_page_is_opened_dropped_and_pasted(ui: Ui, tab: Any, tmp_path: Path) -> None:
    """A file in its encoding, source, a piece of another page; text for a field stays there."""
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": 500}
    extract(tab, ui, PAGE)
    (tmp_path / "page.html").write_bytes("<h1>Eiche – 5 €</h1>".encode("utf-16"))
    tab.set_input_files("#file", tmp_path / "page.html")
    tab.wait_for_selector("#message:has-text('page.html is here')")
    assert tab.input_value("#source") == "<h1>Eiche – 5 €</h1>"
    act = """([kind, to, data]) => {
        const carried = new DataTransfer();
        for (const [type, text] of Object.entries(data)) carried.setData(type, text);
        const of = kind === "paste" ? ClipboardEvent : DragEvent;
        const init = {bubbles: true, cancelable: true, dataTransfer: carried, clipboardData: carried};
        document.querySelector(to).dispatchEvent(new of(kind, init));
    }"""
    for kind, to, data, expected in (
        ("drop", "#frame-view", {"text/html": "<b>Oak</b>", "text/plain": "Oak"}, "<b>Oak</b>"),
        ("drop", "#extract", {"text/html": "<span>&lt;p&gt;</span>", "text/plain": "<p>Ash"}, "<p>Ash"),
        ("drop", "#value-0", {"text/plain": "Elm"}, "<p>Ash"),
        ("drop", "#source", {"text/plain": "Elm"}, "<p>Ash"),
        ("paste", "#values", {"text/plain": "<p>Yew"}, "<p>Yew"),
        ("paste", "#value-0", {"text/plain": "Elm"}, "<p>Yew"),
    ):
        tab.click("#view-frame")
        tab.evaluate(act, [kind, to, data])
        assert tab.input_value("#source") == expected, (kind, to, data)
        assert tab.is_visible("#source") == (to not in ("#value-0", "#source"))


def test_the_likeliest_place_is_shown_first(ui: Ui, tab: Any) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": None}
    extract(tab, ui, "<p><img alt='Oak table'></p><div style='height:2000px'></div><h1>Oak table</h1>" + "<p>x" * 40)
    assert tab.text_content('[data-path="name"] .place').endswith("/h1")
    assert tab.evaluate("document.querySelector('#frame').contentDocument.scrollingElement.scrollTop") > 1000


def test_each_place_is_gone_to(ui: Ui, tab: Any) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": None}
    extract(tab, ui, f"<title>Oak table</title>{PAGE}<p>Oak table</p>")
    for xpath, top, has_message in (("/p[3]", 1000, False), ("/h1", 0, False), ("/title", 0, True)):
        tab.click(f'[data-path="name"] .place:has-text("{xpath}")')
        tab.wait_for_selector("#message", state="visible" if has_message else "hidden")
        inside = "document.querySelector('#frame').contentDocument.scrollingElement"
        assert (tab.evaluate(f"{inside}.scrollTop") > top) == (top > 0), xpath


def test_a_phone_keeps_the_field_in_sight(ui: Ui, tab: Any) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": 500}
    tab.set_viewport_size({"width": 390, "height": 700})
    extract(tab, ui, PAGE)
    drag(tab, "h1 b")
    tab.click('[data-path="name"] button[aria-label^="Use"]')
    assert tab.input_value("#value-0") == "table"
    tab.locator("#value-1").scroll_into_view_if_needed()
    tab.focus("#value-1")  # marks its place in the page above
    tab.frame_locator("#frame").locator("mark.on:has-text('500')").wait_for()
    box = tab.locator("#value-1").bounding_box()
    assert 0 <= box["y"] <= 700 - box["height"]


def test_corrections_are_not_left_by_mistake(ui: Ui, tab: Any) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": 500}
    asked: list[str] = []
    tab.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    extract(tab, ui, PAGE)
    tab.fill("#value-1", "450")
    tab.click("#view-source")
    tab.click("#extract")
    assert ["not saved" in message for message in asked] == [True]
    assert tab.input_value("#value-1") == "450"
    tab.click("#save")
    tab.wait_for_selector("#message:has-text('now has 1 example')")
    tab.click("#extract")
    tab.wait_for_selector("[data-path=price] .changed", state="hidden")
    assert tab.input_value("#value-1") == "500"
    assert len(asked) == 1


def test_corrections_stay_where_the_run_was_deleted(ui: Ui, tab: Any, workspace: Path) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": 500}
    extract(tab, ui, PAGE)
    tab.fill("#value-1", "450")
    (workspace / "artifacts" / "toy").rename(workspace / "elsewhere")
    tab.click("#save")
    tab.wait_for_selector("#message.wrong:has-text('nothing was saved')")
    assert tab.input_value("#value-1") == "450"
    (workspace / "elsewhere").rename(workspace / "artifacts" / "toy")
    tab.click("#save")
    tab.wait_for_selector("#message:has-text('now has 1 example')")


def test_two_variants_side_by_side(ui: Ui, tab: Any) -> None:
    ui.answers |= {"q4_k_m": {"name": "Oak table", "price": 500}, "f16": {"name": "Oak table", "price": 450}}
    tab.goto(ui.url)
    tab.select_option("#other", "toy f16")
    tab.fill("#source", PAGE)
    tab.click("#extract")
    assert "the same" in tab.text_content('[data-path="name"] .other')
    assert tab.text_content('[data-path="price"] .other.differs mark') == "450"
    tab.click('[data-path="price"] .other .place')
    tab.frame_locator("#frame").locator("mark.on:has-text('450')").wait_for()
    tab.wait_for_selector("#extract:not([disabled])")
    assert tab.frame_locator("#frame").locator("mark.on").all_text_contents() == ["450"]
    assert tab.text_content("#cost") == "0.1 s · 10 + 5 tokens; toy:f16: 0.1 s · 10 + 5 tokens"
    ui.answers["f16"] = None
    tab.click("#extract")
    tab.wait_for_selector("#message.wrong:has-text('No record of toy:f16: not JSON (no JSON).')")


def test_what_the_model_does_not_read(ui: Ui, tab: Any) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": None}
    extract(tab, ui, PAGE)
    tab.click("#view-read")
    tab.wait_for_selector("#read-view del")
    assert "h1{color:#333}" in tab.text_content("#read-view del")


def test_a_page_reaches_nothing(ui: Ui, tab: Any) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": None}
    tab.on("dialog", lambda dialog: pytest.fail(dialog.message))
    with socket.create_server(("127.0.0.1", 0)) as trap:  # sees early connections too, which are no requests yet
        extract(tab, ui, REACHING.replace("HOST", f"127.0.0.1:{trap.getsockname()[1]}"))
        tab.frame_locator("#frame").locator("mark").first.wait_for()
        tab.wait_for_timeout(700)  # milliseconds
        trap.settimeout(0)
        with pytest.raises(BlockingIOError):
            trap.accept()
    assert tab.url == f"{ui.url}/"
    assert tab.title() == "fieldsift"
    tab.click("#save")
    tab.wait_for_selector("#message:has-text('now has 1 example')")


@pytest.mark.slow
def test_a_hostile_page_can_do_nothing(ui: Ui, tab: Any) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": None}
    tab.on("dialog", lambda dialog: pytest.fail(dialog.message))
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    extract(tab, ui, HOSTILE + "<p>filler " * 600_000)  # 5 MB
    shown = "document.querySelector('#frame').contentDocument?.querySelector('p')?.textContent ?? ''"
    for _ in range(100):
        if tab.evaluate(shown).startswith("Oak table"):
            break
        tab.wait_for_timeout(300)
    assert tab.title() == "fieldsift"
    assert tab.url == f"{ui.url}/"
    assert not [url for url in asked if not url.startswith(ui.url)]
    frame = tab.frame(url=re.compile("/pages/"))
    assert frame is not None
    assert frame.url.startswith(f"{ui.url}/pages/")
    acting = "script, iframe, svg, form, [href], [src], [onload]"
    inside = "document.querySelector('#frame').contentDocument"
    assert tab.evaluate(f"{inside}.querySelectorAll('{acting}').length") == 0
    tab.click("#value-1")  # Playwright refuses to click what is covered
    tab.click("#save")
    tab.wait_for_selector("#message:has-text('now has 1 example')")
    box = tab.locator("#frame").bounding_box()
    assert box["height"] < 800


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
@pytest.mark.slow
def test_nothing_serious_for_axe(batch: Ui, tab: Any, scheme: str, width: int) -> None:
    batch.answers |= {"q4_k_m": {"name": "Oak table", "price": 7}, "f16": {"name": "Oak", "price": 450}}
    assert batch.session.batch
    batch.session.batch.rows = batch.session.batch.rows[:20]
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": width, "height": 844})
    tab.goto(batch.url)
    tab.wait_for_selector("#body tr")
    assert serious(tab) == []
    tab.click("#body tr:first-child button")
    tab.wait_for_selector("#values li")
    assert serious(tab) == []
    tab.select_option("#other", "toy f16")
    tab.click("#view-source")
    tab.click("#extract")
    tab.wait_for_selector("#values .differs")
    tab.fill("#value-0", "other")
    tab.click('[data-path="price"] button[aria-label^="Use"]')
    tab.wait_for_selector("#message.wrong")
    assert serious(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_thousand_rows_stay_fluid(batch: Ui, tab: Any, workspace: Path) -> None:
    tab.goto(batch.url)
    tab.wait_for_selector("#body tr")
    assert tab.get_attribute("#table", "aria-rowcount") == "1001"
    work = """act => {
        const started = performance.now();
        eval(act);
        document.body.getBoundingClientRect();  // the layout too
        return [performance.now() - started, document.querySelectorAll('#body tr').length];
    }"""
    acts = {
        "sort": "document.querySelector('[data-key=lowest] button').click()",
        "find": "document.querySelector('#find').dispatchEvent(new Event('input'))",
        "scroll": "document.querySelector('#scroll').scrollTop += 5000; "
        "document.querySelector('#scroll').dispatchEvent(new Event('scroll'))",
    }
    for name, act in acts.items():
        done = [tab.evaluate(work, act) for _ in range(6)]
        assert max(rows for _, rows in done) < 60, name  # what is in sight and a few beyond, whatever the batch's size
        assert min(took for took, _ in done) < 50, (name, done)  # milliseconds; more is a long task, which is felt
    assert tab.get_attribute('[data-key="lowest"]', "aria-sort") == "ascending"
    tab.select_option("#status", "!ok")
    assert tab.text_content("#count") == "100 of 1000"
    tab.select_option("#status", "")
    tab.fill("#find", "Thing 42")
    assert tab.text_content("#count") == "10 of 1000"  # 42 and 420 to 428; 429 failed

    tab.click("#body tr:has-text('p424') button")
    tab.wait_for_selector("#values li")
    tab.fill("#value-0", "Thing of 424")
    tab.click("#save")
    tab.wait_for_selector("#message:has-text('now has 1 example')")
    tab.click("#to-batch")
    assert "Thing of 424" in tab.text_content("#body tr.corrected")
    assert tab.evaluate("document.activeElement.textContent") == "p424"
    with tab.expect_download() as download:
        tab.click("#export")
    lines = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    assert [line["record"]["name"] for line in lines if line["corrected"]] == ["Thing of 424"]


def test_the_keyboard_suffices(ui: Ui, tab: Any, workspace: Path) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": 450}
    tab.goto(ui.url)
    tab.wait_for_selector("#run option", state="attached")
    tab.focus("#source")
    tab.keyboard.insert_text(PAGE)
    tab.keyboard.press("Control+Enter")
    tab.wait_for_selector("#values li")
    tab.click("#view-source")
    tab.evaluate("at => source.setSelectionRange(at, at)", PAGE.index("€ 450") + 2)
    tab.focus("#source")
    for _ in "450":
        tab.keyboard.press("Shift+ArrowRight")
    for _ in range(60):
        tab.keyboard.press("Tab")  # by the fields, which leave what is in sight as it is
        if tab.evaluate("document.activeElement.ariaLabel") == "Use the selection for name":
            break
    tab.keyboard.press("Enter")
    assert tab.input_value("#value-0") == "450"
    tab.focus("#value-1")
    tab.keyboard.press("Control+A")
    tab.keyboard.type("499")
    tab.focus("#save")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#message:has-text('now has 1 example')")
