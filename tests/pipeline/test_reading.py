from pipeline.config import Config
from pipeline.reading import read_as, unpruned


def test_listed_labels_belong_to_how_a_page_is_read() -> None:
    config = Config.model_validate({"run": "r", "data": {"labels": {"asking_price": ["VB"]}, "markup": False}})
    assert unpruned(config).labels == (("VB", "Asking price"),)
    assert read_as(config) == {"clean": True, "markup": False, "labels": {"asking_price": ["VB"]}}
    assert read_as(Config(run="r")) == {
        "clean": True,
        "markup": True,
    }  # as before there were labels: nothing is done again
