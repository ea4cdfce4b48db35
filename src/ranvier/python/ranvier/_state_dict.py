"""Weights of a PyTorch state_dict for a network of the same architecture."""
import json
import os

import numpy

from ._ranvier import BadInputError, FileError, architecture as _architecture

# What a safetensors file calls a type; bfloat16, which NumPy has not, is the upper half of float32.
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2",
          "I8": "i1", "U8": "u1", "BOOL": "?"}
_IGNORED = ("num_batches_tracked",)


def read_safetensors(file):
    """{name: array} of a safetensors file, floats as float32, in the order of the names."""
    name = os.fspath(file)
    try:
        with open(file, "rb") as opened:
            content = opened.read()
    except OSError as error:
        raise FileError(f"{name}: {error.strerror}") from None
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or size > len(content) - 8:
        raise BadInputError(f"{name}: is no safetensors file: its header ends behind the file")
    try:
        header = json.loads(content[8:8 + size])
        header.pop("__metadata__", None)
        data = memoryview(content)[8 + size:]
        return {key: _tensor(header[key], data, f"{name}: tensor '{key}'") for key in sorted(header)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, BadInputError):
            raise
        raise BadInputError(f"{name}: is no sound safetensors file: {error!r}") from None


def _tensor(entry, data, where):
    if entry["dtype"] not in _TYPES:
        raise BadInputError(f"{where}: type {entry['dtype']} is not known; known: {', '.join(_TYPES)}")
    begin, end = entry["data_offsets"]
    if not 0 <= begin <= end <= len(data):
        raise BadInputError(f"{where}: bytes {begin} to {end} of {len(data)}")
    array = numpy.frombuffer(data[begin:end], _TYPES[entry["dtype"]]).reshape(entry["shape"])
    if entry["dtype"] == "BF16":
        return (array.astype(numpy.uint32) << 16).view(numpy.float32)
    return array.astype(numpy.float32) if array.dtype.kind == "f" else array.copy()


def from_state_dict(state, architecture, shape, n_classes, *, names=None, match="name", seed=1, mean=(), std=(),
                    width=1.0, pooling="own", batch_norm=False):
    """A network of a standard architecture with the weights of a PyTorch model.

    state         the path of a safetensors file (safetensors.torch.save_model), or {name: array}
    names         {layer: module}: where the state's names differ ({"conv1": "features.0"}); see
                  architecture(...).layers() for the layers
    match         "name": by names; "order": the first module is the first layer with weights, and so on,
                  which needs a dict in the model's order (a file has lost it)
    The rest is architecture()'s. Counters of batches are left out.
    """
    network = _architecture(architecture, tuple(shape), n_classes, seed=seed, mean=list(mean), std=list(std),
                            width=width, pooling=pooling, batch_norm=batch_norm)
    if match not in ("name", "order"):
        raise BadInputError(f"match: '{match}' is not known; known: name, order")
    in_order = isinstance(state, dict)
    if match == "order" and not in_order:
        raise BadInputError("match: a file does not keep the order of modules; load it as a dict, or give names")
    arrays = dict(state) if in_order else read_safetensors(state)
    arrays = {key: value for key, value in arrays.items() if key.rpartition(".")[2] not in _IGNORED}
    if match == "order":
        names = _names_by_order(network, arrays)
    layers = {module: layer for layer, module in (names or {}).items()}
    renamed = {}
    for key, value in arrays.items():
        module, _, kind = key.rpartition(".")
        renamed[f"{layers.get(module, module)}.{kind}"] = _array(value)
    return network.with_parameters(renamed)


def _array(value):
    """NumPy's of a tensor, which may be on another device or wanted for gradients."""
    for step in ("detach", "cpu", "numpy"):
        if hasattr(value, step):
            value = getattr(value, step)()
    return numpy.asarray(value)


def _modules(keys):
    return list(dict.fromkeys(key.rpartition(".")[0] for key in keys))


def _names_by_order(network, arrays):
    layers, modules = _modules(network.parameters()), _modules(arrays)
    if len(layers) != len(modules):
        raise BadInputError(f"match: {len(modules)} modules have weights, and {len(layers)} layers of the architecture")
    return dict(zip(layers, modules))
