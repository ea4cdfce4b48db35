"""Ranvier: trained ReLU networks as spiking networks, and what was gained.

    import ranvier
    net = ranvier.import_network("net.onnx")          # or load(), from_state_dict()
    snn = net.convert(images, coding="one_spike", steps=16)
    print(snn.evaluate(test_images, test_labels)["accuracy"])

docs/python.md is the guide.
"""
from ._ranvier import (BadInputError, Error, FileError, InternalError, Network, Stream, UnsupportedError, UsageError,
                       __version__, architecture, architecture_names, as_images, convert_option_names, digits,
                       import_network, load)
from ._state_dict import from_state_dict, read_safetensors

__all__ = ["BadInputError", "Error", "FileError", "InternalError", "Network", "Stream", "UnsupportedError",
           "UsageError", "architecture", "architecture_names", "as_images", "convert_option_names", "digits",
           "from_state_dict", "import_network", "load", "read_safetensors"]

# Where users meet them; they are made in the extension module.
for _name in __all__:
    if hasattr(globals()[_name], "__module__"):
        try:
            globals()[_name].__module__ = "ranvier"
        except AttributeError:  # functions of the extension module
            pass
del _name
