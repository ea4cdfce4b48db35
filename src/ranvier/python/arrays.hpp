#pragma once

#include "ranvier/base/tensor.hpp"
#include "ranvier/base/view_samples.hpp"
#include "ranvier/net/network.hpp"

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <pybind11/numpy.h>
#include <vector>

namespace ranvier::python {

using FloatArray = pybind11::array_t<float, pybind11::array::c_style>;

/// The array itself if it is float32 and C-contiguous, else such a copy.
/// @throws Error(bad_input) for anything but float16, float32 and float64.
[[nodiscard]] FloatArray as_floats(const pybind11::object& array, const char* what);

/// Images for `network`, [n][channels][height][width], or [n][values] where its input is a vector.
/// Refers to `images`' memory. @throws Error(bad_input) for another shape, or labels that do not
/// fit.
[[nodiscard]] std::shared_ptr<const ViewSamples> view_samples(const Network& network,
                                                              const FloatArray& images,
                                                              std::vector<int> labels,
                                                              int n_classes);

/// [n] class indices. @throws Error(bad_input) for anything but whole numbers.
[[nodiscard]] std::vector<int> as_labels(const pybind11::object& labels);

/// An array that owns what the tensor held; nothing is copied.
[[nodiscard]] FloatArray to_array(Tensor tensor);
[[nodiscard]] Tensor to_tensor(const FloatArray& array);

/// [n] index of the largest of each row, the lowest of equal ones.
[[nodiscard]] pybind11::array_t<std::int64_t> largest_of_rows(const FloatArray& logits);

/// Dicts, lists, numbers, texts, None.
[[nodiscard]] pybind11::object to_python(const nlohmann::ordered_json& json);

}  // namespace ranvier::python
