"""The model folder: blobs by SHA-256 and one manifest a model name, laid out and digested as Ollama does.

    blobs/sha256-<hex>                        weights, template, system, parameters, config
    manifests/<namespace>/<model>/<tag>       JSON naming the blobs; its SHA-256 is the model's digest

Each file is written under a temporary name and renamed, so that its existence means that it is whole.
"""

import hashlib
import json
import re
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

from extraction.json import Json
from pipeline.files import atomic_write, sha256
from serve.engine.protocol import ApiError, dump

PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"
NAME = re.compile(rf"(?:(?P<namespace>{PART})/)?(?P<model>{PART})(?::(?P<tag>{PART}))?")
DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
DEFAULT_NAMESPACE = "library"
MEDIA = "application/vnd.ollama.image."
CONFIG = "application/vnd.docker.container.image.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
UPLOAD = ".upload-"


@dataclass(frozen=True)
class Name:
    """A model's full name."""

    namespace: str
    model: str
    tag: str

    def __str__(self) -> str:
        prefix = "" if self.namespace == DEFAULT_NAMESPACE else f"{self.namespace}/"
        return f"{prefix}{self.model}:{self.tag}"


def parse_name(text: str) -> Name | None:
    """`[namespace/]model[:tag]`; None where it is not a model name."""
    found = NAME.fullmatch(text)
    return found and Name(found["namespace"] or DEFAULT_NAMESPACE, found["model"], found["tag"] or "latest")


@dataclass(frozen=True)
class Model:
    """One stored model. `digest` is the hex SHA-256 of its manifest, `size` the bytes of all its blobs."""

    name: Name
    digest: str
    size: int
    modified_ns: int
    config: Json
    weights: Path
    template: str | None
    system: str
    parameters: Json


class Store:
    """Blobs and manifests under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.blobs = self.root / "blobs"
        self.manifests = self.root / "manifests"
        self.lock = threading.RLock()  # of whoever changes a manifest, or decides by the manifests what blobs may go
        self.blobs.mkdir(parents=True, exist_ok=True)
        for leftover in self.blobs.glob(UPLOAD + "*"):
            leftover.unlink()

    def blob(self, digest: str) -> Path:
        """Where the blob `sha256:<hex>` is or would be."""
        if not (found := DIGEST.fullmatch(digest)):
            raise ApiError(400, "invalid digest format")
        return self.blobs / f"sha256-{found[1]}"

    async def receive(self, digest: str, chunks: AsyncIterator[bytes]) -> None:
        """Store an uploaded blob; HTTP 400 when its sum is another one."""
        target, total = self.blob(digest), hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=self.blobs, prefix=UPLOAD, delete=False) as file:
            temporary = Path(file.name)
            try:
                async for chunk in chunks:
                    total.update(chunk)
                    file.write(chunk)
                file.flush()
                if total.hexdigest() != target.name.removeprefix("sha256-"):
                    raise ApiError(400, f'digest mismatch, expected "{digest}", got "sha256:{total.hexdigest()}"')
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)

    def add(self, media_type: str, content: str) -> Json:
        """Store text as a blob and return its entry for a manifest."""
        digest = "sha256:" + hashlib.sha256(content.encode()).hexdigest()
        if not self.blob(digest).is_file():
            with atomic_write(self.blob(digest)) as temporary:
                temporary.write_text(content, encoding="utf-8")
        return self.entry(media_type, digest)

    def entry(self, media_type: str, digest: str) -> Json:
        """A manifest's entry for a stored blob."""
        return {"mediaType": media_type, "digest": digest, "size": self.blob(digest).stat().st_size}

    def existing(self, name: Name) -> Name:
        """The stored name that differs in case only, else `name`."""
        return next((other for other in self.names() if str(other).lower() == str(name).lower()), name)

    def names(self) -> list[Name]:
        """All stored names."""
        return [
            Name(*path.relative_to(self.manifests).parts)
            for path in self.manifests.glob("*/*/*")
            if path.name[0] != "."
        ]

    def manifest(self, name: Name) -> Path:
        """Where the manifest of `name` is or would be."""
        return self.manifests / name.namespace / name.model / name.tag

    def put(self, name: Name, config: Json, layers: list[Json]) -> None:
        """Write the manifest of `name` and drop the blobs that only its old one had."""
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        with self.lock:
            old = self._digests([name])
            with atomic_write(self.manifest(name)) as temporary:
                temporary.write_text(dump(manifest), encoding="utf-8")
            self._prune(old)

    def get(self, text: str) -> Model | None:
        """The model of that name, None where there is none."""
        name = parse_name(text)
        if name is None or not (path := self.manifest(name := self.existing(name))).is_file():
            return None
        manifest = json.loads(path.read_bytes())
        layers = {kind: self.blob(entry["digest"]) for kind, entry in self.layers(name).items()}
        texts = {
            kind: layers[kind].read_text(encoding="utf-8")
            for kind in ("template", "system", "params")
            if kind in layers
        }
        return Model(
            name=name,
            digest=sha256(path),
            size=sum(entry["size"] for entry in [manifest["config"], *manifest["layers"]]),
            modified_ns=path.stat().st_mtime_ns,
            config=self.read_json(manifest["config"]["digest"]),
            weights=layers["model"],
            template=texts.get("template"),
            system=texts.get("system", ""),
            parameters=json.loads(texts.get("params", "{}")),
        )

    def layers(self, name: Name) -> dict[str, Json]:
        """A manifest's entries by kind: model, template, system, params."""
        manifest = json.loads(self.manifest(name).read_bytes())
        return {entry["mediaType"].removeprefix(MEDIA): entry for entry in manifest["layers"]}

    def read_json(self, digest: str) -> Json:
        """A blob that holds a JSON object."""
        value: Json = json.loads(self.blob(digest).read_bytes())
        return value

    def all(self) -> list[Model]:
        """Every model that can be read; the newest second first, as Ollama lists them."""
        models = [model for name in sorted(self.names(), key=str) if (model := self._readable(name))]
        return sorted(models, key=lambda model: -(model.modified_ns // 10**9))

    def copy(self, source: Name, destination: Name) -> None:
        """Give a stored model a second name."""
        with self.lock:
            manifest = json.loads(self.manifest(source).read_bytes())
            self.put(destination, manifest["config"], manifest["layers"])

    def delete(self, text: str) -> bool:
        """Remove a stored name and the blobs that no other one needs, also where some are missing; False: no such."""
        with self.lock:
            name = parse_name(text)
            if name is None or not (path := self.manifest(name := self.existing(name))).is_file():
                return False
            try:
                digests = self._digests([name])
            except (OSError, ValueError):  # a damaged manifest can go
                digests = set()
            path.unlink()
            self._prune(digests)
            return True

    def _readable(self, name: Name) -> Model | None:
        try:
            return self.get(str(name))
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"store: {name} is left out of the list: {error}", file=sys.stderr, flush=True)
            return None

    def _digests(self, names: Iterable[Name]) -> set[str]:
        """The digests of all blobs of the names that there are; raises ValueError where a manifest is none."""
        found = set()
        for name in names:
            try:
                manifest = json.loads(self.manifest(name).read_bytes())
                found |= {str(entry["digest"]) for entry in [manifest["config"], *manifest["layers"]]}
            except FileNotFoundError:
                continue
            except (KeyError, TypeError) as error:
                raise ValueError(f"the manifest of {name} is damaged: {error}") from None
        return found

    def _prune(self, digests: set[str]) -> None:
        """Remove those that no manifest names; none while a manifest cannot be read."""
        try:
            unused = digests - self._digests(self.names())
        except (OSError, ValueError):
            return
        for digest in unused:
            self.blob(digest).unlink(missing_ok=True)
