"""Invoices as web pages and as plain text: two parties, dates, numbers, a table of positions, sums."""

from random import Random

from extraction.json import Json
from pretraining.corpus import ask, facts, kinds
from pretraining.corpus.asked import question
from pretraining.corpus.letterhead import Till, address_lines, till
from pretraining.corpus.letters import digits
from pretraining.corpus.markup import Markup, collapse
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.till import Goods, goods, money_format, sum_lines
from pretraining.corpus.words import LISTS

Row = tuple[str, ...]
FIELDS = LISTS["invoice_fields"]
STANDARD = ("seller", "number", "date", "total")
LABELS = LISTS["invoice_labels"]
TERMS = (
    "Net 30",
    "30 days",
    "14 Tage netto",
    "Due on receipt",
    "2% 10 Net 30",
    "30 jours fin de mois",
    "Prepaid",
    "COD",
)
PARTIES = (
    ("From", "Bill to"),
    ("Seller", "Buyer"),
    ("", "Invoice to"),
    ("Von", "An"),
    ("Émetteur", "Client"),
    ("", "Billed to:"),
)
LISTED = ("items", "line_items", "products", "positions", "lines")
COLUMNS = {
    "name": ("description", "name", "item", "product", "article"), "quantity": ("quantity", "qty", "count", "units"),
    "price": ("unit_price", "price", "rate", "price_each"), "amount": ("amount", "total", "line_total"),
}  # fmt: skip
HEADS = (
    ("Description", "Qty", "Unit price", "Amount"), ("Item", "Quantity", "Rate", "Total"),
    ("Bezeichnung", "Menge", "Einzelpreis", "Gesamt"), ("Désignation", "Qté", "PU HT", "Montant HT"),
    ("Product", "Units", "Price", "Line total"), ("Concepto", "Cantidad", "Precio", "Importe"),
)  # fmt: skip


def sample(r: Random) -> tuple[str, Json, Json, str]:
    """(text, schema, record, domain) of one invoice."""
    t = till(r)
    m, bought = money_format(t), goods(r)
    bought = Goods([(collapse(name), n, each) for name, n, each in bought.lines])
    values = _values(t)
    seller, buyer = _parties(t, values)
    sums = sum_lines(t, bought, m, values, billed=True)
    meta = [(pick(r, LABELS[slot]), values[slot]) for slot in LABELS if slot in values]
    r.shuffle(meta)
    rows: list[Row] = [(name, str(n), m.number(each), m.number(n * each)) for name, n, each in bought.lines]
    text = (_html if chance(r, 0.6) else _plain)(t, seller, buyer, meta, rows, sums)
    schema, record = _question(r, values, rows)
    return text, schema, record, "invoice"


def _values(t: Till) -> Json:
    r = t.r
    values: Json = {
        "number": pick(
            r, (facts.code(r, "en"), f"INV-{digits(r, 5)}", f"{r.randint(2012, 2026)}-{digits(r, 4)}", digits(r, 7))
        ),
        "date": facts.date(r, t.lang),
    }
    makers = {"due": facts.date, "po": facts.code, "terms": lambda r, lang: pick(r, TERMS), "iban": kinds.iban}
    makers |= {"tax_id": lambda r, lang: f"{lang.upper()}{digits(r, 9)}", "email": facts.email, "phone": facts.phone}
    for slot, make in makers.items():
        if chance(r, 0.4):
            values[slot] = make(r, t.lang)
    return values


def _parties(t: Till, values: Json) -> tuple[list[str], list[str]]:
    """Name and address of who bills and who is billed."""
    r = t.r
    blocks = []
    for name, place in (("seller", "address"), ("buyer", "buyer_address")):
        values[name] = facts.person(r, t.lang) if name == "buyer" and chance(r, 0.4) else t.phrase("firm")
        block = [values[name]]
        if chance(r, 0.85):
            lines = address_lines(t)
            values[place] = " ".join(lines).rstrip(",")
            block += lines
        blocks.append(block)
    return blocks[0], blocks[1]


def _html(
    t: Till,
    seller: list[str],
    buyer: list[str],
    meta: list[tuple[str, str]],
    rows: list[Row],
    sums: list[str],
) -> str:
    r = t.r
    m = Markup(r)
    heads = pick(r, PARTIES)
    blocks = []
    for head, lines in zip(heads, (seller, buyer), strict=True):
        title = m.leaf(pick(r, ("h3", "strong", "b", "div")), "label", head) if head else ""
        body = (
            "<br>".join(m.text(line) for line in lines)
            if chance(r, 0.5)
            else m.nl.join(m.leaf("div", "row", x) for x in lines)
        )
        blocks.append(m.el("div", "wrapper", title + body))
    tag, cell = pick(r, (("tr", "td"), ("li", "span"), ("div", "span"), ("p", "b")))
    other = "td" if tag == "tr" else "span"
    facts_of_it = m.el(
        "table" if tag == "tr" else "div",
        "table",
        *[m.el(tag, "row", m.leaf(cell, "label", label), m.leaf(other, "value", value)) for label, value in meta],
    )
    table = [m.el("tr", "", *[m.leaf("th", "", x) for x in pick(r, HEADS)])]
    table += [m.el("tr", "item row", *[m.leaf("td", "", x) for x in row]) for row in rows]
    total = [m.leaf(pick(r, ("p", "div", "li")), "price row", line) for line in sums]
    title = m.leaf(
        pick(r, ("h1", "h2", "div")),
        "title",
        pick(r, ("Invoice", "INVOICE", "Rechnung", "Facture", "Tax invoice", "Factura")),
    )
    parts = [title, *blocks, facts_of_it] if chance(r, 0.6) else [blocks[0], title, facts_of_it, blocks[1]]
    return "\n".join([*parts, m.el("table", "table", *table), *total])


def _plain(
    t: Till,
    seller: list[str],
    buyer: list[str],
    meta: list[tuple[str, str]],
    rows: list[Row],
    sums: list[str],
) -> str:
    r = t.r
    colon, joint = pick(r, (": ", " : ", ":\t", " ")), pick(r, ("  ", " | ", "\t", " ", ";"))
    heads = pick(r, PARTIES)
    facts_of_it = [f"{label}{colon}{value}" for label, value in meta]
    first = [heads[0], *seller] if heads[0] and chance(r, 0.4) else seller
    parts = [first, [t.word("heads")], facts_of_it, [heads[1], *buyer]]
    if chance(r, 0.5):
        parts[2], parts[3] = parts[3], parts[2]
    table = [joint.join(pick(r, HEADS))] * chance(r, 0.8) + [joint.join(row) for row in rows]
    blank = [""] if chance(r, 0.6) else []
    return "\n".join(line for part in [*parts, table, sums] for line in [*part, *blank])


def _question(r: Random, values: Json, rows: list[Row]) -> tuple[Json, Json]:
    schema, record = question(r, values, FIELDS, STANDARD)
    if not chance(r, 0.25):
        return schema, record
    listed = pick(r, LISTED)
    columns = [(i, pick(r, names)) for i, names in enumerate(COLUMNS.values()) if i == 0 or chance(r, 0.6)]
    typed = {name: ask.TEXT if i != 1 or chance(r, 0.6) else {"type": ["integer", "null"]} for i, name in columns}
    properties = {**schema["properties"], listed: {"type": ["array", "null"], "items": ask.schema_of(typed)}}
    record[listed] = [{name: row[i] if typed[name] is ask.TEXT else int(row[i]) for i, name in columns} for row in rows]
    return ask.schema_of(properties), record
