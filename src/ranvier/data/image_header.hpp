#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ranvier {

/// What the first look at an image file tells, before any decoder gets it.
struct ImageHeader {
    std::int64_t height = 0;  ///< 0 if the format is none that is looked into
    std::int64_t width = 0;
};

/// Walks over the structure of JPEG and PNG files: it must be whole up to the marker of its end.
/// Other formats are not looked into.
///
/// @param where  names the file in messages.
/// @throws Error(bad_input) if the file ends early or its structure is broken.
[[nodiscard]] ImageHeader inspect_image(std::string_view file, const std::string& where);

}  // namespace ranvier
