import pytest

from extraction.clean import clean


@pytest.mark.parametrize(
    "start",
    [
        "<div hidden>",
        "<p hidden='until-found'>",
        "<div style='display:none'>",
        "<span style='color: red; DISPLAY : None !important; display: block'>",
        "<div style='display:/* x */no\\6e e'>",
        "<b style='visibility:hidden'>",
        "<small style='font-size: 0px'>",
        "<p style='position:absolute; left:-9999px'>",
        "<a style='text-indent:-100em'>",
        "<dialog>",
        "<template>",
        "<noscript>",
    ],
)
def test_what_a_page_hides_from_its_readers_goes(start: str) -> None:
    tag = start[1:].split(" ")[0].rstrip(">")
    assert clean(f"<p>a</p>{start}x<i title='y'>z</i></{tag}><p>b</p>") == "<p>a</p><p>b</p>"


def test_a_hidden_input_goes() -> None:
    assert clean("<p>a</p><input type=HIDDEN value=5><input value=6>") == '<p>a</p><input value="6">'


@pytest.mark.parametrize(
    "start",
    [
        "<b aria-hidden='true'>",
        "<div style='display:none;display:block'>",
        "<div style='opacity:0'>",
        "<dialog open>y",
        "<details>",
        "<div style='font-size:0.5em;margin-left:-15px'>",
        "<div style='left:-9999px'>",
        "<div class='hidden d-none'>",
        "<body style='display:none'>",
    ],
)
def test_what_a_reader_sees_or_may_see_stays(start: str) -> None:
    assert "x" in clean(f"<p>a</p>{start}x")


@pytest.mark.parametrize(
    ("page", "cleaned"),
    [
        ("<title>t</title><div hidden><p>a</p></div><noscript>b</noscript>", "<title>t</title><p>a</p>b"),
        ("<noscript><p>a</p></noscript><template>b</template>", "<p>a</p>"),
        ("<div style='display:none'></div>", ""),
    ],
)
def test_a_page_that_says_nothing_else_keeps_what_it_hides(page: str, cleaned: str) -> None:
    assert clean(page) == cleaned


@pytest.mark.parametrize(
    "metadata",
    [
        '<meta property="product:brand" content="Acme">',
        '<script type="application/ld+json">{"name":"Anvil"}</script>',
    ],
)
def test_a_page_of_metadata_alone_shows_nothing_that_it_hides(metadata: str) -> None:
    assert clean(f"<title>t</title>{metadata}<div hidden><p>a</p></div>") == f"<title>t</title>{metadata}"
