"""A record's values one by one."""

from serve.located import values

PAGE = "<p>old price 5 € it was</p><p>now only 5 € today</p>"


def test_a_value_stands_first_where_the_model_read_it() -> None:
    (price,) = values({"price": "5 €"}, PAGE, "<p>now only 5 € today</p>", {"price": 0.5})
    assert (price.probability, price.grounded) == (0.5, True)
    assert [place.xpath for place in price.evidence] == ["/html/body/p[2]", "/html/body/p[1]"]


def test_null_and_booleans_are_not_looked_for() -> None:
    found = values({"sold": True, "sizes": [None, "S"]}, "<p>S</p>", "", {})
    assert [(value.path, value.grounded, len(value.evidence)) for value in found] == [
        ("sold", None, 0),
        ("sizes.0", None, 0),
        ("sizes.1", True, 1),
    ]
