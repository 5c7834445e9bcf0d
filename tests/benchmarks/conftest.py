"""The toy model of the serving tests."""

from tests.serve.conftest import gguf_bytes as gguf_bytes
