// The ONNX importer on arbitrary bytes: a sound network or an Error, nothing else.
#include "ranvier/base/error.hpp"
#include "ranvier/formats/onnx.hpp"
#include "ranvier/net/shapes.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const ranvier::Network network = ranvier::import_onnx_bytes(
            std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.onnx");
        (void)ranvier::infer_shapes(network);
    } catch (const ranvier::Error& error) {
        if (error.fault() == ranvier::Fault::internal) throw;
    }
    return 0;
}
