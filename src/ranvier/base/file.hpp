#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace ranvier {

/// The whole content of a regular file.
/// @throws Error(io) if it is missing, a directory or unreadable; Error(bad_input) if it is larger
///         than `max_bytes`.
[[nodiscard]] std::string read_file(const std::filesystem::path& path,
                                    std::uint64_t max_bytes = std::uint64_t{8} << 30);

/// Writes `content` to a temporary file beside `path`, then renames it, so that `path` holds
/// either its old or its whole new content at any moment. Makes missing parent folders. Devices and
/// pipes (/dev/stdout) are written to, not replaced.
/// @throws Error(io); nothing is left behind then.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Removes the temporary files that a `write_file(path)` left which was killed. Only for a caller
/// that knows that nobody else is writing `path`.
void remove_unfinished(const std::filesystem::path& path);

}  // namespace ranvier
