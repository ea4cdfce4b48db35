// The ONNX importer on arbitrary bytes: a sound network or an Error.
#include "ranvier/formats/onnx.hpp"
#include "ranvier/net/shapes.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return ranvier::fuzz::expect_answer([&] {
        (void)ranvier::infer_shapes(
            ranvier::import_onnx_bytes(ranvier::fuzz::as_text(data, size), "fuzz.onnx"));
    });
}
