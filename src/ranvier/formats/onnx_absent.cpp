#include "ranvier/base/error.hpp"
#include "ranvier/formats/onnx.hpp"

// In the place of the reader in builds with RANVIER_ONNX=OFF.
namespace ranvier {

Network import_onnx(const std::filesystem::path& path) {
    return import_onnx_bytes({}, path.string());
}

Network import_onnx_bytes(std::string_view /*bytes*/, const std::string& name) {
    fail(
        Fault::unsupported,
        "{}: this program was built without ONNX (RANVIER_ONNX=OFF); import the file with one that "
        "has it, and use the model file that `ranvier import` writes",
        name);
}

}  // namespace ranvier
