#!/usr/bin/python3
"""Lists the layers and the weights of a Ranvier model file: read_weights.py FILE"""
import json, struct, sys
import numpy as np

with open(sys.argv[1], "rb") as file:
    header = json.loads(file.read(*struct.unpack("<Q", file.read(8))))
    data = file.read()
graph = json.loads(header.pop("__metadata__")["ranvier"])
print("layers:", ", ".join(layer["name"] for layer in graph["layers"]))
for name, entry in header.items():
    dtype = {"F32": "<f4", "F16": "<f2", "I8": "i1"}[entry["dtype"]]
    values = np.frombuffer(data[slice(*entry["data_offsets"])], dtype).reshape(entry["shape"])
    print(f"{name} {values.shape} {values.min():.9g} {values.max():.9g}")
