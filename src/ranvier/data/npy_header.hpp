#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

/// What the header of a .npy file says.
struct NpyHeader {
    std::string descr;  ///< type of the values: "<f4"
    bool fortran_order = false;
    std::vector<std::uint64_t> shape;
};

/// @param text   the header's text, a Python dictionary with the keys of NpyHeader, in any order,
///               each once, and nothing else; no more than that of Python is understood.
/// @param where  names the file in messages.
/// @throws Error(bad_input) for anything else; a dimension is below 2^63.
[[nodiscard]] NpyHeader parse_npy_header(std::string_view text, const std::string& where);

}  // namespace ranvier
