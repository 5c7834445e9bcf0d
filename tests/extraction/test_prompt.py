from typing import Any

import pytest
from jinja2.exceptions import TemplateError

from extraction.prompt import Reader, completion, messages, page, render

SCHEMA = {"type": "object", "properties": {"b": {"type": ["string", "null"]}, "a": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Extract the product information:\n<div>x</div>", "<div>x</div>"),
        ("\n EXTRACT fields:  \n<p>x", "<p>x</p>"),
        ("Extract of vanilla\n<p>x", "Extract of vanilla\n<p>x</p>"),
        ("<p>Extract the juice:\n2 lemons</p>", "<p>Extract the juice:\n2 lemons</p>"),
    ],
)
def test_only_a_leading_instruction_is_dropped(text: str, expected: str) -> None:
    assert page(text) == expected


def test_entities_become_letters_but_those_of_markup_stay() -> None:
    written = (
        "K&#269; &ouml;&#xE5; &laquo;A&raquo; &euro;5 &amp; &lt;b&gt; &quot;x&quot; 1&nbsp;299 &#160; &nosuch; AT&T;"
    )
    assert page(written) == "Kč öå «A» €5 &amp; &lt;b&gt; &quot;x&quot; 1&nbsp;299 &#160; &nosuch; AT&T;"


def test_the_answer_is_one_line_in_the_schemas_order() -> None:
    assert completion({"a": 1, "b": 'Größe "L"'}, SCHEMA) == '{"b": "Größe \\"L\\"", "a": 1}'
    assert completion({"a": 1}, SCHEMA) == '{"b": null, "a": 1}'


class Plain:
    def apply_chat_template(self, conversation: list[dict[str, str]], **_: Any) -> str:
        return "".join(f"<{m['role']}>{m['content']}" for m in conversation)


class Drops(Plain):
    def apply_chat_template(self, conversation: list[dict[str, str]], **_: Any) -> str:
        return super().apply_chat_template([m for m in conversation if m["role"] != "system"])


class Refuses(Plain):
    def apply_chat_template(self, conversation: list[dict[str, str]], **_: Any) -> str:
        if conversation[0]["role"] == "system":
            raise TemplateError("System role not supported")
        return super().apply_chat_template(conversation)


@pytest.mark.parametrize("tokenizer", [Drops(), Refuses()])
def test_a_template_without_system_role_gets_the_task_in_the_users_turn(tokenizer: Plain) -> None:
    chat = messages("a page", SCHEMA)
    assert render(tokenizer, chat) == f"<user>{chat[0]['content']}\n\na page"
    assert render(Plain(), chat) == f"<system>{chat[0]['content']}<user>a page"


def test_cleaning_can_be_switched_off() -> None:
    html = '<p style="x" class="a">A<script>b</script></p>'
    assert page(html) == '<p class="a">A</p>'
    assert page(html, Reader(clean=False)) == html
