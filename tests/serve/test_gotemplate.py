"""Go templates: what they render, and what is refused by name."""

import time

import pytest

from serve.engine.goparse import TemplateError
from serve.engine.gotemplate import parse_template

SYSTEM = {"role": "system", "content": "S"}
USER = {"role": "user", "content": "U"}
ASSISTANT = {"role": "assistant", "content": "A"}
AGAIN = {"role": "user", "content": "V"}

LEGACY = (
    "{{ if .System }}<s>{{ .System }}</s>{{ end }}{{ if .Prompt }}<u>{{ .Prompt }}</u>{{ end }}<a>{{ .Response }}</a>"
)
CHATML = "{{ range .Messages }}<{{ .Role }}>{{ .Content }}\n{{ end }}<assistant>"
LAST = (
    "{{- range $i, $_ := .Messages }}{{- $last := eq (len (slice $.Messages $i)) 1 -}}"
    '{{ if and (eq .Role "user") $last }}[{{ .Content }}]{{ else if eq .Role "system" "tool" }}({{ .Content }})'
    "{{ else }}{{ .Content }}{{ end }}{{- end }}"
)

GATHERED = (
    '{{- $system := "" }}{{ range .Messages }}{{- if eq .Role "system" }}'
    '{{- if not $system }}{{ $system = .Content }}{{ else }}{{ $system = printf "%s+%s" $system .Content }}{{ end }}'
    '{{- else if eq .Role "user" }}{{ if $system }}<{{ $system }}>{{ $system = "" }}{{ end }}{{ .Content }}{{ end }}'
    "{{ end }}"
)
LATER = {"role": "system", "content": "T"}
TOOLS = (
    "{{ range .Tools }}{{ .Function.Name }}{{ range $name, $property := .Function.Parameters.Properties }}"
    "{{ $name }}: {{ $property.Type }}{{ end }}{{ end }}{{ range .Messages }}{{ .Content }}"
    "{{ range .ToolCalls }}{{ .Function.Arguments }}{{ end }}{{ end }}"
)


@pytest.mark.parametrize(
    ("template", "messages", "expected"),
    [
        ("{{ .Prompt }}", [USER], "U"),
        ("a{{ .Prompt }}b", [USER], "aUb"),
        ("<{{ .System }}|{{ .Prompt }}|", [SYSTEM, USER], "<S|U|"),
        (LEGACY, [USER], "<u>U</u><a>"),
        (LEGACY, [SYSTEM, USER], "<s>S</s><u>U</u><a>"),
        (LEGACY, [SYSTEM, USER, ASSISTANT, AGAIN], "<s>S</s><u>U</u><a>A</a><u>V</u><a>"),
        (LEGACY, [USER, SYSTEM, AGAIN], "<u>U</u><a></a><s>S</s><u>V</u><a>"),
        (LEGACY, [USER, ASSISTANT], "<u>U</u><a>A"),
        (LEGACY, [USER, AGAIN], "<u>U\n\nV</u><a>"),
        (CHATML, [SYSTEM, USER], "<system>S\n<user>U\n<assistant>"),
        (LAST, [SYSTEM, USER, ASSISTANT, AGAIN], "(S)UA[V]"),
        ("{{ .System }}{{ range .Messages }}{{ $.System }}{{ .Content }}{{ end }}", [SYSTEM, USER], "SSSSU"),
        ("{{ $x := .Prompt }}{{ $x }}{{ $x }}", [USER], "UU"),
        ('{{ if or .System (not (ne .Prompt "U")) }}yes{{ else }}no{{ end }}', [USER], "yes"),
        ("a \n{{- .Prompt -}} \n b", [USER], "aUb"),
        ("a {{ .Prompt }} b", [USER], "a U b"),
        ("{{/* a comment */}}{{ .Prompt }}", [USER], "U"),
        ('{{ "<\\n>" }}{{ `\\n` }}{{ .Prompt }}', [USER], "<\n>\\nU"),
        ("{{ if .Tools }}tools{{ end }}{{ .Prompt }}", [USER], "U"),
        ("{{ if .System }}{{ .Response }}x{{ else }}{{ .Prompt }}{{ end }}!", [USER], "U"),
        ("{{ .Prompt }}", [{"role": "user", "content": "{{ .System }} <é>&"}], "{{ .System }} <é>&"),
        ('{{ "<｜é|>\\u00e9\\t" }}{{ `<｜é|>` }}{{ .Prompt }}', [USER], "<｜é|>é\t<｜é|>U"),
        (
            '{{ range .Messages }}{{ if eq .Role "system" }}{{ continue }}{{ end }}{{ .Content }}{{ end }}',
            [SYSTEM, USER],
            "U",
        ),
        (
            "{{ range .Messages }}{{ range $.Messages }}{{ continue }}x{{ end }}{{ .Content }}{{ end }}",
            [SYSTEM, USER],
            "SU",
        ),
        (GATHERED, [USER], "U"),
        (GATHERED, [SYSTEM, USER], "<S>U"),
        (GATHERED, [SYSTEM, USER, LATER, SYSTEM, AGAIN], "<S>U<T\n\nS>V"),
        (GATHERED, [SYSTEM, ASSISTANT, LATER, USER], "<S+T>U"),
        ('{{ printf "%s-%s" "a" .Prompt }}{{ printf "b" }}', [USER], "a-Ub"),
        (TOOLS, [USER, ASSISTANT], "UA"),
    ],
)
def test_render(template: str, messages: list[dict[str, str]], expected: str) -> None:
    assert parse_template(template).render(messages) == expected


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("{{ .Nosuch }}", ".Nosuch"),
        ("{{ with .Prompt }}{{ . }}{{ end }}", "with"),
        ("{{ .Prompt | json }}", "|"),
        ("{{ json .Messages }}", "json"),
        ('{{ template "x" }}', "template"),
        ("{{ if .Prompt }}", "no {{ end }}"),
        ("{{ end }}", "unexpected {{ end }}"),
        ("{{ else }}", "unexpected {{ else }}"),
        ("{{ .Prompt", "unclosed action"),
        ("{{ }}", "empty"),
        ("{{ eq (.Prompt }}", "parenthesis"),
        ("{{ not }}", "not without arguments"),
        ("{{ continue }}", "outside of a range"),
        ("{{ if .Prompt }}{{ continue }}{{ end }}", "outside of a range"),
        ("{{ range .Messages }}{{ else }}{{ continue }}{{ end }}", "outside of a range"),
        ('{{ "\\x1" }}', "escape"),
    ],
)
def test_what_is_not_known_is_named(template: str, named: str) -> None:
    with pytest.raises(TemplateError) as error:
        parse_template(template)
    assert named in str(error.value)


def test_an_undefined_variable_is_named() -> None:
    with pytest.raises(TemplateError, match=r"\$nosuch"):
        parse_template("{{ $nosuch }}").render([USER])


@pytest.mark.parametrize("form", ['"%d"', '"%s"', '"%s%s%s"', '"%5s%s"', '"%%%s%s"', "1"])
def test_printf_takes_only_a_percent_s_for_each_value(form: str) -> None:
    with pytest.raises(TemplateError, match="printf"):
        parse_template(f"{{{{ printf {form} .Prompt .Prompt }}}}").render([USER])


@pytest.mark.parametrize(
    "template",
    [
        "{{" + '"a" ' * 5000,
        '{{ "' + '\\"' * 5000,
        "{{ `" * 5000,
        "{{ " * 5000,
        "{{/* " * 5000,
        "{{ if " + "(" * 5000 + ".Prompt",
        "{{ if .Prompt }}" * 5000,
        "{{ eq " + "(eq " * 3000 + ".Prompt" + ")" * 3000 + " }}",
    ],
)
def test_what_never_ends_is_refused_at_once(template: str) -> None:
    begin = time.process_time()
    with pytest.raises(TemplateError):
        parse_template(template)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize("inside", ["x", "", "{{ if .Content }}{{ end }}"])
def test_ranges_within_ranges_are_bounded(inside: str) -> None:
    template = parse_template("{{ range $.Messages }}" * 5 + inside + "{{ end }}" * 5)
    assert template.render([USER, ASSISTANT]).count("x") == (inside == "x") * 2**5
    begin = time.process_time()
    with pytest.raises(TemplateError, match="steps"):
        template.render([USER, ASSISTANT] * 100)
    assert time.process_time() - begin < 5


def test_a_text_that_grows_without_bound_is_refused_soon() -> None:
    doubled = parse_template(
        '{{ $x := .Prompt }}{{ $x = printf "%s%s" $x $x }}' + '{{ $x = printf "%s%s" $x $x }}' * 60
    )
    grown = parse_template("{{ range .Messages }}{{ range $.Messages }}{{ .Content }}{{ end }}{{ end }}")
    begin = time.process_time()
    with pytest.raises(TemplateError, match="characters"):
        doubled.render([USER])
    with pytest.raises(TemplateError, match="characters"):
        grown.render([{"role": role, "content": "x" * 100_000} for role in ("user", "assistant") * 20])
    assert time.process_time() - begin < 5
