"""POST /api/create: a model from uploaded GGUF files or from another model, with template, system and parameters."""

from collections.abc import Iterator

from extraction.json import Json
from serve.engine import gotemplate, weights
from serve.engine.goparse import TemplateError
from serve.engine.header import BrokenError, TruncatedError
from serve.engine.protocol import ApiError, dump
from serve.engine.store import CONFIG, MEDIA, Store, parse_name

QUANTIZATIONS = ("F32", "F16", "Q4_K_S", "Q4_K_M", "Q8_0")
UNQUANTIZED = ("F16", "BF16", "F32")


def create(store: Store, request: Json) -> Iterator[Json]:
    """Create the model; yields progress as {"status"} and ends with "success". Raises ApiError."""
    name = parse_name(request.get("model") or request.get("name") or "")
    if name is None:
        raise ApiError(400, "invalid model name")
    name = store.existing(name)
    if request.get("from"):
        layers = _base_layers(store, request["from"])
    elif request.get("files"):
        layers = {}
        yield {"status": "parsing GGUF"}
        layers["model"] = _uploaded(store, request["files"])
        yield {"status": "verifying conversion"}
    else:
        raise ApiError(400, "neither 'from' or 'files' was specified")
    file = weights.read(store.blob(layers["model"]["digest"]))
    if wanted := (request.get("quantize") or request.get("quantization") or "").upper():
        _check_quantization(file, wanted)
    layers |= _texts(store, request, layers)
    config = store.add(CONFIG, dump(_config(file)))
    for layer in layers.values():
        yield {"status": f"using existing layer {layer['digest']}"}
    yield {"status": "writing manifest"}
    store.put(name, config, list(layers.values()))
    yield {"status": "success"}


def _base_layers(store: Store, source: str) -> dict[str, Json]:
    """The layers of another model by kind."""
    model = store.get(source)
    if model is None:
        raise ApiError(500, f"model '{source}' not found: the embedded engine does not pull models")
    return store.layers(model.name)


def _uploaded(store: Store, files: Json) -> Json:
    """The manifest entry of the uploaded weights, which must be one whole GGUF file."""
    if len(files) > 1:
        raise ApiError(400, "the embedded engine takes one GGUF file")
    digest = str(next(iter(files.values())))
    path = store.blob(digest)
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError:
        raise ApiError(500, f"open {path}: no such file or directory") from None
    if magic != b"GGUF":
        raise ApiError(400, "unknown type")
    try:
        weights.read(path)
    except TruncatedError as error:
        raise ApiError(500, str(error)) from None
    except BrokenError as error:
        raise ApiError(500, f"failed to validate GGUF: {error}") from None
    return store.entry(f"{MEDIA}model", digest)


def _check_quantization(file: weights.Weights, wanted: str) -> None:
    if wanted not in QUANTIZATIONS:
        supported = ", ".join(QUANTIZATIONS)
        raise ApiError(500, f"unsupported quantization type {wanted} - supported types are {supported}")
    if file.quantization not in UNQUANTIZED:
        raise ApiError(500, "quantization is only supported for F16, BF16 and F32 models")
    if wanted != file.quantization:
        raise ApiError(500, f"the embedded engine does not quantize: create the model from a {wanted} GGUF file")


def _texts(store: Store, request: Json, base: dict[str, Json]) -> dict[str, Json]:
    """Entries for the request's template, system and parameters; parameters are laid over those of the base."""
    texts: dict[str, str] = {}
    if template := request.get("template"):
        try:
            gotemplate.parse_template(template)
        except TemplateError as error:
            raise ApiError(400, f"template error: {error}") from None
        texts["template"] = template
    if system := request.get("system"):
        texts["system"] = system
    if parameters := request.get("parameters"):
        known = store.read_json(base["params"]["digest"]) if "params" in base else {}
        texts["params"] = dump(known | parameters)
    return {kind: store.add(MEDIA + kind, text) for kind, text in texts.items()}


def _config(file: weights.Weights) -> Json:
    return {
        "model_format": "gguf",
        "model_family": file.family,
        "model_families": [file.family],
        "model_type": weights.human(file.parameters),
        "file_type": file.quantization,
        "context_length": file.number("context_length"),
        "embedding_length": file.number("embedding_length"),
    }
