#include "ranvier/python/arrays.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"

#include <algorithm>
#include <fmt/ranges.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <pybind11/stl.h>
#include <span>
#include <utility>

namespace ranvier::python {

namespace py = pybind11;

namespace {

std::string type_text(const py::array& array) {
    return py::str(array.dtype()).cast<std::string>();
}

std::vector<py::ssize_t> dims_of(const py::array& array) {
    return {array.shape(), array.shape() + array.ndim()};
}

bool fits(const Shape& shape, const std::vector<py::ssize_t>& dims) {
    if (dims.size() == 4) return Shape{dims[1], dims[2], dims[3]} == shape;
    return dims.size() == 2 && Shape{dims[1], 1, 1} == shape;
}

}  // namespace

FloatArray as_floats(const py::object& array, const char* what) {
    const py::array any = py::array::ensure(array);
    if (!any) {
        PyErr_Clear();
        fail(Fault::bad_input, "{}: not an array of numbers", what);
    }
    if (any.dtype().kind() != 'f' || any.itemsize() > 8)
        fail(Fault::bad_input,
             "{}: the values are {}; give float32 (pixels of 8 bits divided by 255)", what,
             type_text(any));
    auto floats = py::array_t<float, py::array::c_style | py::array::forcecast>::ensure(any);
    if (!floats) throw py::error_already_set();
    return py::reinterpret_borrow<FloatArray>(floats);
}

std::shared_ptr<const ViewSamples> view_samples(const Network& network, const FloatArray& images,
                                                std::vector<int> labels, int n_classes) {
    const Shape& shape = network.input().shape;
    const std::vector<py::ssize_t> dims = dims_of(images);
    if (!fits(shape, dims))
        fail(Fault::bad_input,
             "images: the array has shape [{}]; the network wants [n, {}, {}, {}]",
             fmt::join(dims, ", "), shape.channels, shape.height, shape.width);
    const auto n = static_cast<std::size_t>(dims[0]);
    if (!labels.empty() && labels.size() != n)
        fail(Fault::bad_input, "labels: there are {} for {} images", labels.size(), n);
    return std::make_shared<const ViewSamples>(
        shape, std::span(images.data(), static_cast<std::size_t>(images.size())), std::move(labels),
        n_classes, fmt::format("arrays, {} images", n));
}

std::vector<int> as_labels(const py::object& labels) {
    const py::array any = py::array::ensure(labels);
    if (!any) PyErr_Clear();
    if (!any || any.ndim() != 1 || (any.dtype().kind() != 'i' && any.dtype().kind() != 'u'))
        fail(Fault::bad_input, "labels: they must be whole numbers, one axis; found {}",
             !any ? "no array"
                  : fmt::format("{}, [{}]", type_text(any), fmt::join(dims_of(any), ", ")));
    const auto numbers = py::array_t<std::int64_t, py::array::forcecast>::ensure(any);
    std::vector<int> all;
    for (py::ssize_t i = 0; i < numbers.size(); ++i)
        // Whatever does not fit is out of every range of classes.
        all.push_back(static_cast<int>(
            std::clamp<std::int64_t>(numbers.at(i), -1, std::numeric_limits<int>::max())));
    return all;
}

FloatArray to_array(Tensor tensor) {
    const std::vector<py::ssize_t> dims(tensor.dims.begin(), tensor.dims.end());
    auto* kept = new std::vector<float>(std::move(tensor.values));
    const py::capsule owner(kept, [](void* p) { delete static_cast<std::vector<float>*>(p); });
    return FloatArray(dims, kept->data(), owner);
}

Tensor to_tensor(const FloatArray& array) {
    const std::vector<py::ssize_t> dims = dims_of(array);
    return {{dims.begin(), dims.end()}, {array.data(), array.data() + array.size()}};
}

py::array_t<std::int64_t> largest_of_rows(const FloatArray& logits) {
    py::array_t<std::int64_t> largest(logits.shape(0));
    const py::ssize_t n = logits.shape(1);
    for (py::ssize_t i = 0; i < logits.shape(0); ++i) {
        const float* row = logits.data() + i * n;
        largest.mutable_at(i) = std::max_element(row, row + n) - row;
    }
    return largest;
}

py::object to_python(const nlohmann::ordered_json& json) {
    if (json.is_object()) {
        py::dict dict;
        for (const auto& [key, value] : json.items()) dict[py::str(key)] = to_python(value);
        return dict;
    }
    if (json.is_array()) {
        py::list list;
        for (const auto& value : json) list.append(to_python(value));
        return list;
    }
    if (json.is_boolean()) return py::bool_(json.get<bool>());
    if (json.is_number_unsigned()) return py::int_(json.get<std::uint64_t>());
    if (json.is_number_integer()) return py::int_(json.get<std::int64_t>());
    if (json.is_number_float()) return py::float_(json.get<double>());
    if (json.is_string()) return py::str(json.get<std::string>());
    return py::none();
}

}  // namespace ranvier::python
