#pragma once

#include "ranvier/data/dataset.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <string>

namespace ranvier {

[[nodiscard]] inline const char* to_string(Split split) {
    return split == Split::train ? "train" : "test";
}

/// What Samples::describe says of a set from files: "cifar10 test, data/..., 932 of 10000".
[[nodiscard]] inline std::string describe_set(const std::string& name,
                                              const std::filesystem::path& path, std::size_t used,
                                              std::size_t total) {
    return fmt::format("{}, {}, {} of {}", name, path.string(), used, total);
}

/// How many of `total` samples a limit leaves; 0 is no limit.
[[nodiscard]] inline std::size_t limited(std::size_t total, std::size_t limit) {
    return limit == 0 || limit > total ? total : limit;
}

}  // namespace ranvier
