#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ranvier {

/// Whether `bytes` begin like a gzip file, whatever the file's name says.
[[nodiscard]] bool is_gzip(std::string_view bytes) noexcept;

/// The first `max_bytes` of the content of a gzip file, or all of it if it has fewer. Memory
/// follows what was really unpacked, so a file that unpacks to terabytes costs `max_bytes`.
/// Checksums are verified of members that end within `max_bytes`.
///
/// @param where  names the file in messages.
/// @throws Error(bad_input) if the data are damaged or end early.
[[nodiscard]] std::string gunzip(std::string_view packed, std::size_t max_bytes,
                                 const std::string& where);

}  // namespace ranvier
