#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ranvier {

/// What the first look at an image file tells, before any decoder gets it.
struct ImageHeader {
    std::int64_t height = 0;
    std::int64_t width = 0;
};

/// Finds the size that a JPEG, PNG, BMP, PNM (P1 to P6), TIFF or WebP file declares; decoders make
/// room for it before they look at the pixels. Where there are several (frames of a JPEG, tiles of
/// a TIFF), the largest. The structure of JPEG and PNG is walked over: it must be whole up to the
/// marker of its end.
///
/// @param where  names the file in messages.
/// @throws Error(bad_input) if the file is of none of these formats, ends early or its structure is
///         broken.
[[nodiscard]] ImageHeader inspect_image(std::string_view file, const std::string& where);

}  // namespace ranvier
