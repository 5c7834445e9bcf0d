"""What is asked of a page: field names for slots, types, absent fields, and the record that answers."""

from random import Random
from typing import Any

from trainer.base.corpus.pick import chance, pick

Json = dict[str, Any]
STANDARD = ("name", "price", "category", "manufacturer")
NAMES: dict[str, tuple[str, ...]] = {
    "name": ("name", "title", "product_name", "productName", "product", "item", "item_name", "product_title", "nombre", "titel", "nom", "bezeichnung"),
    "price": ("price", "current_price", "cost", "sale_price", "salePrice", "price_text", "amount", "preis", "precio", "prix", "prezzo", "offer_price", "unit_price"),
    "category": ("category", "product_category", "department", "section", "product_type", "categoryName", "kategorie", "categoria", "catégorie"),
    "manufacturer": ("manufacturer", "brand", "maker", "producer", "company", "brand_name", "brandName", "marke", "hersteller", "marca", "make", "vendor"),
    "old_price": ("old_price", "original_price", "list_price", "was_price", "regularPrice", "rrp", "msrp", "price_before"),
    "currency": ("currency", "currency_symbol", "currencyCode"),
    "sku": ("sku", "product_code", "item_number", "article_number", "model_number", "productId", "reference", "artikelnummer"),
    "ean": ("ean", "gtin", "barcode", "ean13", "gtin13"),
    "colour": ("color", "colour", "farbe", "couleur", "shade"),
    "size": ("size", "dimensions", "größe", "measurements", "talla"),
    "material": ("material", "fabric", "composition", "made_of"),
    "weight": ("weight", "net_weight", "mass", "gewicht"),
    "warranty": ("warranty", "guarantee", "warranty_period"),
    "origin": ("origin", "country_of_origin", "made_in", "country"),
    "rating": ("rating", "rating_value", "stars", "score", "averageRating"),
    "review_count": ("review_count", "reviews", "number_of_reviews", "reviewCount"),
    "discount": ("discount", "discount_percent", "saving"),
    "seller": ("seller", "sold_by", "merchant", "store"),
    "breadcrumbs": ("breadcrumbs", "category_path", "categories", "path"),
}  # fmt: skip
ABSENT = ("old_price", "sku", "ean", "warranty", "seller", "rating", "origin", "manufacturer", "category", "weight")
TEXT: Json = {"type": ["string", "null"]}


def schema_of(properties: Json) -> Json:
    """An object schema with every property required."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def standard(shown: Json) -> tuple[Json, Json]:
    """The four product fields in their fixed order."""
    return schema_of({name: TEXT for name in STANDARD}), {name: shown.get(name) for name in STANDARD}


def product(r: Random, shown: Json) -> tuple[Json, Json]:
    """Some of the slots that the page states, and some that it does not, under names drawn for them."""
    stated = [slot for slot in shown if slot in NAMES and slot != "breadcrumbs"]
    absent = [slot for slot in ABSENT if slot not in shown]
    keys = r.sample(stated, r.randint(1, len(stated))) if stated else []
    keys += r.sample(absent, min(len(absent), pick(r, (0, 0, 1, 1, 2, 3))))
    keys = keys or ["price"]
    r.shuffle(keys)
    properties: Json = {}
    record: Json = {}
    for key in keys[:12]:
        field = pick(r, NAMES[key]) if chance(r, 0.75) else NAMES[key][0]
        if field in properties:
            continue
        properties[field], record[field] = typed(r, key, shown)
    if chance(r, 0.05) and "breadcrumbs" in shown:
        field = pick(r, NAMES["breadcrumbs"])
        properties[field] = {"type": ["array", "null"], "items": {"type": "string"}}
        record[field] = shown["breadcrumbs"]
    if chance(r, 0.05) and "name" in shown and "offer" not in properties:
        inner = {"price": TEXT, "currency": TEXT}
        properties["offer"] = {**schema_of(inner), "type": ["object", "null"]}
        record["offer"] = {"price": shown.get("price"), "currency": shown.get("currency")}
    return schema_of(properties), record


def typed(r: Random, slot: str, shown: Json) -> tuple[Json, Any]:
    """Schema and value of a slot: text as written, now and then a number."""
    value = shown.get(slot)
    if slot == "price" and "amount" in shown and chance(r, 0.07):
        return {"type": ["number", "null"]}, shown["amount"] / 100
    if slot in ("rating",) and value and chance(r, 0.15):
        return {"type": ["number", "null"]}, float(value)
    if slot == "review_count" and value and chance(r, 0.15):
        return {"type": ["integer", "null"]}, int(value)
    return TEXT, value
