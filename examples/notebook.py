# %% [markdown]
# # From NumPy arrays to a spiking network
#
# An example of the Python module, in cells: open it as a notebook (Jupytext, VS Code, Spyder), or run
# it as a script with `PYTHONPATH=build/release/python python3 examples/notebook.py`.

# %%
import pathlib
import tempfile

import numpy as np

import ranvier

train_images, train_labels = ranvier.digits("train", 4000)
test_images, test_labels = ranvier.digits("test", 500)
print("images:", train_images.shape, train_images.dtype, "labels:", train_labels[:10])

# %% [markdown]
# ## A trained network
#
# Usually it comes from PyTorch: `ranvier.import_network("net.onnx")`, or
# `ranvier.from_state_dict("weights.safetensors", "vgg4", (1, 28, 28), 10)`. Here only the last layer of
# a small VGG is trained, by least squares on what the random layers before it make of the images.

# %%
random_net = ranvier.architecture("vgg4", (1, 28, 28), 10, seed=1, width=0.5)
state = random_net.parameters()
last = [name for name in state if name.endswith(".weight")][-1].removesuffix(".weight")
n_features = state[f"{last}.weight"].shape[1]

# The network up to its last layer: the same with the identity as last layer.
body = dict(state)
body[f"{last}.weight"] = np.eye(n_features, dtype=np.float32)
features_net = ranvier.from_state_dict(body, "vgg4", (1, 28, 28), n_features, width=0.5)
features = features_net.evaluate(train_images)["logits"].astype(np.float64)

design = np.hstack([features, np.ones((len(features), 1))])
wanted = np.eye(10)[train_labels]
solution = np.linalg.solve(design.T @ design + 1e-3 * np.eye(n_features + 1), design.T @ wanted)
state[f"{last}.weight"] = np.ascontiguousarray(solution[:-1].T, dtype=np.float32)
state[f"{last}.bias"] = solution[-1].astype(np.float32)
net = random_net.with_parameters(state)
ann = net.evaluate(test_images, test_labels)
print(net, f"accuracy {ann['accuracy']:.3f}")

# %% [markdown]
# ## Conversion
#
# Peaks of the activations are measured on some training images, without their labels.

# %%
calibration = train_images[:200]
one_spike = net.convert(calibration, coding="one_spike", steps=16, tune="bias")
rate = net.convert(calibration, coding="rate", steps=32, percentile=99.9)

results = {"float": ann}
results["one_spike"] = one_spike.evaluate(test_images, test_labels)
results["rate"] = rate.evaluate(test_images, test_labels)
results["rate, exit"] = rate.evaluate(test_images, test_labels, exit="margin", exit_threshold=8)

print(f"{'':12}{'accuracy':>10}{'steps':>8}{'SynOps':>12}{'energy, nJ':>12}")
for name, result in results.items():
    print(f"{name:12}{result['accuracy']:10.3f}{result.get('mean_exit_step', result['timesteps']):8.1f}"
          f"{result['synops_per_sample']:12.0f}{result['energy_pj'] / 1000:12.1f}")

# %% [markdown]
# ## Layer by layer, and what the planner chose

# %%
for layer in results["one_spike"]["layers"]:
    if layer["neurons"]:
        print(f"{layer['name']:10} {layer['neurons']:6} neurons, {layer['spikes_per_neuron']:.3f} spikes each")
for line in rate.plan()["layers"]:
    print(f"{line['layer']:10} {line['does']:10} {line['kernel']}")

# %% [markdown]
# ## One timestep after the other

# %%
stream = ranvier.Stream(rate)
for step in range(rate.steps):
    stream.step(test_images[0])
    if step % 8 == 7:
        print(f"after {stream.steps} steps: class {stream.prediction}, label {test_labels[0]}")

# %% [markdown]
# ## Keeping it
#
# A model file, which `ranvier evaluate`, the C library and any safetensors reader open.

# %%
with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder) / "one_spike.safetensors"
    one_spike.save(file)
    again = ranvier.load(file).evaluate(test_images, test_labels)
    assert again["accuracy"] == results["one_spike"]["accuracy"]
    print(f"{file.name}: {file.stat().st_size} bytes")
