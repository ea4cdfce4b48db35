// A NIR graph from arbitrary bytes: a sound network or an Error, nothing else. The bytes say what
// to build, not what the file looks like: damaged HDF5 structures make the HDF5 library itself ask
// for any amount of memory, which it is refused, but not by us (nir_damage_test.cpp has such
// files). Each graph goes through the writer and the reader first and has to come back as it was.
#include "ranvier/net/shapes.hpp"
#include "ranvier/nir/from_network.hpp"
#include "ranvier/nir/nir_file.hpp"
#include "ranvier/nir/to_network.hpp"

#include "target.hpp"
#include <algorithm>
#include <cstring>
#include <iterator>

namespace {

using namespace ranvier;

constexpr const char* types[] = {"Input",  "Output",    "Affine",    "Linear",  "Conv1d",
                                 "Conv2d", "SumPool2d", "AvgPool2d", "Flatten", "Scale",
                                 "Delay",  "Threshold", "IF",        "LIF",     "CubaLIF",
                                 "LI",     "NIRGraph"};
constexpr const char* names[] = {
    "shape",       "weight",      "bias",        "stride",         "padding",      "dilation",
    "groups",      "r",           "tau",         "v_leak",         "v_reset",      "v_threshold",
    "scale",       "delay",       "threshold",   "start_dim",      "end_dim",      "input_type",
    "input_shape", "kernel_size", "metadata/dt", "metadata/steps", "metadata/name"};

/// Takes bytes off the front; zeros where there are none.
class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    template <typename T>
    T take() {
        T value{};
        const std::size_t n = std::min(sizeof(T), size_);
        if (n > 0) std::memcpy(&value, data_, n);
        data_ += n;
        size_ -= n;
        return value;
    }
    std::size_t below(std::size_t n) { return take<std::uint8_t>() % n; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

private:
    const std::uint8_t* data_;
    std::size_t size_;
};

NirValue value(Bytes& bytes) {
    std::vector<std::int64_t> dims;
    for (std::size_t axis = bytes.below(5); axis > 0; --axis)
        dims.push_back(static_cast<std::int64_t>(bytes.below(5)));
    std::size_t n = 1;
    for (const std::int64_t extent : dims) n *= static_cast<std::size_t>(extent);
    const std::size_t kind = bytes.below(5);
    if (kind == 0) return {dims, std::vector<std::string>(n, bytes.below(2) == 0 ? "same" : "x")};
    if (kind == 1) {
        std::vector<std::int64_t> v(n);
        for (std::int64_t& x : v) x = bytes.take<std::int8_t>();
        return {dims, std::move(v)};
    }
    if (kind == 2) {
        std::vector<std::int64_t> v(n);
        for (std::int64_t& x : v) x = bytes.take<std::int64_t>();
        return {dims, std::move(v)};
    }
    std::vector<float> v(n);
    for (float& x : v)
        x = kind == 3 ? static_cast<float>(bytes.take<std::int8_t>()) / 8 : bytes.take<float>();
    return {dims, std::move(v)};
}

NirNode graph(Bytes& bytes, int depth) {
    NirNode result{"", "NIRGraph", {}, {}, {}};
    const std::size_t n = 1 + bytes.below(6);
    for (std::size_t k = 0; k < n; ++k) {
        NirNode node{std::to_string(k), types[bytes.below(std::size(types))], {}, {}, {}};
        if (node.type == "NIRGraph") {
            if (depth == 0) continue;
            node = graph(bytes, depth - 1);
            node.name = std::to_string(k);
        }
        for (std::size_t p = bytes.below(10); p > 0; --p)
            node.parameters[names[bytes.below(std::size(names))]] = value(bytes);
        result.nodes.push_back(std::move(node));
    }
    for (std::size_t e = bytes.below(10); e > 0; --e)
        result.edges.push_back({std::to_string(bytes.below(n)), std::to_string(bytes.below(n))});
    return result;
}

void require(bool holds) {
    if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const NirModel model{"1.0.7", graph(bytes, 2)};
    const std::string file = nir_bytes(model);
    const NirModel back = read_nir_bytes(file, "fuzz.nir");
    require(nir_bytes(back) == file);
    (void)nir_text(back, "fuzz.nir");
    return fuzz::expect_answer([&] {
        const Network network = network_from_nir(back, {}, "fuzz.nir");
        (void)infer_shapes(network);
        const NirExport written = nir_from_network(network, true);
        (void)network_from_nir(written.model, {}, "fuzz.nir");
    });
}
