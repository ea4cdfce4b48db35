#pragma once

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/base/tensor.hpp"

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace ranvier::testing {

/// Reads a NumPy file of float32 or int64 (turned into float32), C order.
inline Tensor read_npy(const std::filesystem::path& path) {
    const std::string bytes = read_file(path);
    const std::size_t start = 10 + static_cast<unsigned char>(bytes.at(8)) +
                              256U * static_cast<unsigned char>(bytes.at(9));
    const std::string header = bytes.substr(10, start - 10);
    const bool integers = header.find("<i8") != std::string::npos;
    if (!integers && header.find("<f4") == std::string::npos)
        fail(Fault::bad_input, "{}: neither float32 nor int64", path.string());
    Tensor tensor;
    const std::size_t open = header.find('(') + 1;
    std::string dims = header.substr(open, header.find(')') - open) + ",";
    for (std::size_t at = 0, comma = 0; (comma = dims.find(',', at)) != std::string::npos;
         at = comma + 1)
        if (dims.find_first_of("0123456789", at) < comma)
            tensor.dims.push_back(std::stoll(dims.substr(at)));
    const std::size_t width = integers ? 8 : 4;
    tensor.values.resize((bytes.size() - start) / width);
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
        const char* from = bytes.data() + start + i * width;
        std::int64_t integer = 0;
        if (integers) {
            std::memcpy(&integer, from, 8);
            tensor.values[i] = static_cast<float>(integer);
        } else {
            std::memcpy(&tensor.values[i], from, 4);
        }
    }
    if (tensor.dims.empty()) tensor.dims = {1};  // a scalar
    return tensor;
}

/// Folder of the oracle data beside the project; tests that need it are skipped without it.
inline std::filesystem::path oracle(const std::string& name) {
    return std::filesystem::path(RANVIER_SOURCE_DIR) / ".." / "shared" / "oracles" / name;
}

}  // namespace ranvier::testing

/// Skips the test, visibly, where the oracle data are not at hand.
#define RANVIER_NEEDS_ORACLE(name)                                \
    if (!std::filesystem::exists(ranvier::testing::oracle(name))) \
    GTEST_SKIP() << "needs ../shared/oracles/" << name
