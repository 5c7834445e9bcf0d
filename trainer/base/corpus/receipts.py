"""Receipts and invoices as plain text, the way that OCR reads them: the company on top, many amounts, one total."""

from random import Random
from typing import Any

from trainer.base.corpus import ask, facts
from trainer.base.corpus.goods import measure
from trainer.base.corpus.letters import code_like, digits, latin
from trainer.base.corpus.pick import chance, pick
from trainer.base.corpus.words import LISTS, words

Json = dict[str, Any]
FIELDS: dict[str, tuple[str, ...]] = {
    "company": ("company", "company_name", "vendor", "merchant", "store", "seller", "shop"),
    "date": ("date", "invoice_date", "receipt_date", "issued", "transaction_date"),
    "address": ("address", "company_address", "location", "store_address"),
    "total": ("total", "total_amount", "amount", "grand_total", "sum", "amount_due"),
    "number": ("invoice_number", "receipt_number", "document_no", "number"),
    "tax": ("tax", "vat", "gst", "tax_amount"),
    "subtotal": ("subtotal", "net_amount", "total_before_tax"),
    "phone": ("phone", "tel", "telephone"),
    "cashier": ("cashier", "served_by", "operator"),
    "time": ("time", "receipt_time"),
    "cash": ("cash", "amount_paid", "paid", "tendered"),
    "change": ("change", "change_due"),
    "customer": ("customer", "bill_to", "client"),
}  # fmt: skip
STANDARD = ("company", "date", "address", "total")
TOTALS = LISTS["receipts"]["totals"]
SUBTOTALS = LISTS["receipts"]["subtotals"]
TAXES = LISTS["receipts"]["taxes"]
SUFFIXES = LISTS["receipts"]["suffixes"]
CLOSINGS = LISTS["receipts"]["closings"]
ROADS = LISTS["receipts"]["roads"]


def sample(r: Random) -> tuple[str, Json, Json, str]:
    """(text, schema, record, domain) of one receipt or invoice."""
    values: Json = {}
    invoice = chance(r, 0.35)
    lines = _top(r, values) + _meta(r, values, invoice) + _items(r, values)
    lines += [pick(r, CLOSINGS).replace("{}", latin(r)) for _ in range(r.randint(0, 3))]
    if chance(r, 0.5):
        lines = [line.upper() for line in lines]
        values = {key: value.upper() for key, value in values.items()}
    schema, record = _question(r, values)
    return "\n".join(lines), schema, record, "invoice" if invoice else "receipt"


def _top(r: Random, values: Json) -> list[str]:
    """Company, registration, address over several lines (read as one, joined by spaces), telephone."""
    lang = pick(r, ("en", "en", "en", "en", "id", "de", "fr", "it", "es"))
    name = (
        facts.company(r, lang)
        if chance(r, 0.4)
        else f"{' '.join(latin(r) for _ in range(r.randint(1, 3)))} {pick(r, SUFFIXES)}".upper()
    )
    values["company"] = name
    lines = [name]
    if chance(r, 0.15):
        lines.insert(
            0,
            pick(
                r,
                (
                    latin(r).upper(),
                    facts.person(r, lang).upper(),
                    "*** COPY ***",
                    "TAX INVOICE",
                    "RECEIPT",
                    "WELCOME TO",
                ),
            ),
        )
    if chance(r, 0.5):
        lines.append(
            pick(r, ("({})", "CO. REG NO: {}", "{}", "REG NO {}", "(CO.REG : {})")).format(
                f"{digits(r, 6)}-{pick(r, 'ABDHKMPTUVWX')}"
            )
        )
    if chance(r, 0.93):
        address = _address(r, lang)
        values["address"] = " ".join(address)
        lines += address
    if chance(r, 0.5):
        values["phone"] = facts.phone(r, lang)
        lines.append(
            pick(r, ("TEL: {}", "Tel : {}", "TEL {}", "PHONE: {}")).format(values["phone"])
            + (f" FAX: {facts.phone(r, lang)}" if chance(r, 0.25) else "")
        )
    if chance(r, 0.4):
        lines.append(
            pick(r, ("GST ID: {}", "GST REG NO: {}", "VAT NO. {}", "USt-IdNr. DE{}", "P.IVA {}", "TAX ID {}")).format(
                digits(r, 12)
            )
        )
    return lines


def _address(r: Random, lang: str) -> list[str]:
    road = pick(r, ROADS).format(latin(r).upper() if chance(r, 0.6) else pick(r, words(lang, "last")).upper())
    number = pick(r, ("NO. {}", "{}", "LOT {}", "NO {}", "{},", "NO.{}", "UNIT {}", "G-{}")).format(
        pick(
            r,
            (
                str(r.randint(1, 300)),
                f"{r.randint(1, 99)}-{r.randint(1, 9)}",
                f"{r.randint(1, 60)}, {r.randint(61, 90)} & {r.randint(91, 120)}",
                f"{r.randint(1, 99)}A",
            ),
        )
    )
    parts = [
        f"{number.rstrip(',')}{pick(r, (',', '', ','))} {road}"
        + pick(r, ("", f" {r.randint(1, 30)}/{r.randint(1, 40)}", f" {r.randint(1, 30)}"))
    ]
    if chance(r, 0.5):
        parts.append(
            pick(
                r, ("{} INDUSTRIAL PARK", "TAMAN {}", "BANDAR {}", "{} CENTRE", "KAWASAN {}", "{} PLAZA", "OFF {} ROAD")
            ).format(latin(r).upper())
        )
    town = pick(r, words(lang, "city")) if chance(r, 0.5) else latin(r).upper()
    parts.append(f"{facts.postcode(r, lang)}{pick(r, (' ', ' ', ', '))}{town}")
    if chance(r, 0.4):
        parts.append(
            pick(r, (latin(r).upper(), "SELANGOR", "JOHOR", "GERMANY", "FRANCE", "U.K.", "MALAYSIA", "TX", "ITALIA"))
        )
    end = pick(r, (".", "", "", ","))
    parts = [part + "," if i < len(parts) - 1 and not part.endswith(",") else part for i, part in enumerate(parts)]
    parts[-1] += end if end != "," else ""
    lines, current = [], parts[0]
    for part in parts[1:]:
        if chance(r, 0.6):
            lines.append(current)
            current = part
        else:
            current += " " + part
    return [*lines, current]


def _meta(r: Random, values: Json, invoice: bool) -> list[str]:
    """Document number, date, time, cashier, customer, in any order and often on one line."""
    values["number"] = facts.code(r, "en")
    when = facts.date(r, pick(r, ("en", "en", "en", "de", "fr", "es")), "date_receipt")
    values["date"] = when
    seconds = f":{r.randint(10, 59)}" if chance(r, 0.5) else ""
    time = f"{r.randint(7, 22):02d}:{r.randint(0, 59):02d}{seconds}{pick(r, ('', '', ' PM', ' AM'))}"
    stamp = pick(
        r, ("DATE: {}", "DATE : {}", "Date {}", "{}", "DATUM: {}", "Invoice Date: {}", "Date: {}", "Fecha: {}")
    ).format(when)
    lines = [
        pick(
            r,
            (
                "DOC NO : {}",
                "INVOICE NO: {}",
                "Invoice #{}",
                "RECEIPT #: {}",
                "BILL NO {}",
                "Rechnung Nr. {}",
                "INV NO.: {}",
                "Facture n° {}",
            ),
        ).format(values["number"])
    ]
    if chance(r, 0.5):
        values["time"] = time
        stamp += pick(r, (" {}", " TIME: {}", "  {}", " {}")).format(time)
    if chance(r, 0.4):
        values["cashier"] = pick(r, (latin(r).upper(), facts.person(r, "en"), f"{r.randint(1, 99):02d}"))
        lines.append(
            pick(r, ("CASHIER: {}", "CASHIER : {}", "SERVED BY: {}", "Operator {}", "Kasse {}")).format(
                values["cashier"]
            )
        )
    if invoice and chance(r, 0.6):
        values["customer"] = pick(r, (facts.person(r, "en"), facts.company(r, "en")))
        lines.append(pick(r, ("BILL TO: {}", "Customer: {}", "CLIENT : {}", "To: {}")).format(values["customer"]))
    lines.insert(r.randint(0, len(lines)), stamp)
    if chance(r, 0.3):
        lines[0] = f"{lines[0]} {lines.pop()}" if len(lines) > 1 else lines[0]
    if chance(r, 0.4):
        lines.insert(
            0,
            pick(
                r,
                (
                    "TAX INVOICE",
                    "CASH BILL",
                    "RECEIPT",
                    "INVOICE",
                    "SIMPLIFIED TAX INVOICE",
                    "RECHNUNG",
                    "GUEST CHECK",
                    "FACTURE",
                ),
            ),
        )
    return lines


def _items(r: Random, values: Json) -> list[str]:
    """Lines of goods, then sums."""
    mark = pick(r, ("", "", "", "RM", "$", "€", "RM ", "£", "EUR "))
    after = mark in ("€",) and chance(r, 0.5)
    point = "," if mark in ("€", "EUR ") and chance(r, 0.7) else "."

    def money(cents: int, bare: bool = False) -> str:
        text = (
            f"{cents // 100:,}{'.'}{cents % 100:02d}"
            if cents >= 100000 and chance(r, 0.7)
            else f"{cents // 100}.{cents % 100:02d}"
        )
        text = text.replace(",", "~").replace(".", point).replace("~", "." if point == "," else ",")
        return text if bare or not mark else f"{text} {mark}" if after else f"{mark}{text}"

    lines = (
        [
            pick(
                r,
                (
                    "QTY DESCRIPTION AMOUNT",
                    "ITEM QTY PRICE AMOUNT",
                    "Description Qty U.Price Total",
                    "CODE/DESC PRICE DISC AMOUNT",
                    "-" * r.randint(10, 30),
                    "Artikel Menge Preis",
                ),
            )
        ]
        if chance(r, 0.6)
        else []
    )
    total, shape = 0, r.randrange(4)
    for _ in range(pick(r, (1, 1, 2, 3, 4, 6, 9))):
        n, each = pick(r, (1, 1, 1, 2, 3, 10)), r.randint(50, 9000)
        total += n * each
        name = f"{facts.thing(r, 'en')}{pick(r, ('', '', f' {measure(r)}', f' {code_like(r)}'))}".upper()
        price, line = money(each, True), money(n * each, True)
        lines += (
            [f"{n} {name} {line}"],
            [name, f"{n} x {price} {line}"],
            [f"{digits(r, 4)} {n} {price} {line} SR", name],
            [f"{name} {line}"],
        )[shape]
    tax = round(total * pick(r, (0.06, 0.07, 0.19, 0.2, 0.1)))
    if chance(r, 0.55):
        values["subtotal"], values["tax"] = money(total, True), money(tax, True)
        lines.append(f"{pick(r, SUBTOTALS)}{pick(r, (' ', ': ', ' : '))}{values['subtotal']}")
        lines.append(f"{pick(r, TAXES)}{pick(r, (' ', ': ', ' : '))}{values['tax']}")
        total += tax
    if chance(r, 0.35):
        odd = (5 - total % 5) % 5
        total += odd
        label = pick(r, ("ROUNDING", "ROUNDING ADJUSTMENT", "ROUNDING ADJ", "ROUND"))
        lines.append(f"{label}{pick(r, (' ', ': '))}0{point}{odd:02d}")
    values["total"] = money(total)
    lines.append(
        pick(r, TOTALS) + pick(r, (" ", ": ", " : ") if mark else (" ", ": ", " : ", ":", " RM ")) + values["total"]
    )
    if chance(r, 0.2):
        lines.append(f"TOTAL QTY: {r.randint(1, 30)}")
    if chance(r, 0.55):
        paid = (
            -(-total // pick(r, (500, 1000, 5000))) * 5000 if chance(r, 0.1) else total + pick(r, (0, 0, 500, 1000, 60))
        )
        values["cash"], values["change"] = money(paid, True), money(paid - total, True)
        lines += [
            f"{pick(r, ('CASH', 'CASH TENDERED', 'PAID', 'BAR', 'VISA'))}{pick(r, (' ', ': '))}{values['cash']}",
            f"{pick(r, ('CHANGE', 'CHANGE DUE', 'RÜCKGELD'))}{pick(r, (' ', ': '))}{values['change']}",
        ]
    if chance(r, 0.2) and "tax" in values:
        lines += ["GST SUMMARY AMOUNT TAX", f"SR 6% {values['subtotal']} {values['tax']}"]
    return lines


def _question(r: Random, values: Json) -> tuple[Json, Json]:
    keys = list(STANDARD)
    if chance(r, 0.6):
        keys = r.sample(sorted(FIELDS), r.randint(1, 8))
    properties: Json = {}
    record: Json = {}
    for key in keys:
        field = FIELDS[key][0] if chance(r, 0.5) else pick(r, FIELDS[key])
        if field not in properties:
            properties[field], record[field] = ask.TEXT, values.get(key)
    return ask.schema_of(properties), record
