"""fieldsift for other programs: the record of a page from a served model, with its checks, in one call.

    from fieldsift import Extractor

    extractor = Extractor("artifacts/embedded")
    result = extractor.extract("<h1>Oak table</h1><p>€ 450</p>")
    result.record                  # {"name": "Oak table", "price": "€ 450", …}; None where result.status is not "ok"
    result.values[0].probability   # how sure the model was of the name
    result.values[0].evidence      # where it stands on the page: XPath, start, end

Needs the run folder of `make serve` (config, schema, prompt and tokenizer; no weights) and a server that has its model.
"""

from extraction.evidence import Evidence
from fieldsift.extractor import Extractor, Result
from pipeline.errors import UserError
from serve.located import Value

__all__ = ["Evidence", "Extractor", "Result", "UserError", "Value"]
