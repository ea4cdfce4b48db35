#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ranvier {

enum class Packing { none, lz4, zstd };

/// Unpacks one LZ4 or Zstandard frame.
/// @param max_bytes  that the result may have; no more memory than that is taken.
/// @param where      begins messages: file and byte.
/// @throws Error(bad_input) if the data are damaged, end early or unpack to more than `max_bytes`.
[[nodiscard]] std::string unpack(std::string_view packed, Packing packing, std::size_t max_bytes,
                                 const std::string& where);

}  // namespace ranvier
