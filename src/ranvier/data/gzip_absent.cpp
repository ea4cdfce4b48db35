#include "ranvier/base/error.hpp"
#include "ranvier/data/gzip.hpp"

// In the place of the decompressor in builds with RANVIER_ZLIB=OFF.
namespace ranvier {

bool is_gzip(std::string_view bytes) noexcept {
    return bytes.starts_with("\x1F\x8B");
}

std::string gunzip(std::string_view /*packed*/, std::size_t /*max_bytes*/,
                   const std::string& where) {
    fail(
        Fault::unsupported,
        "{}: is compressed, and this program was built without zlib (RANVIER_ZLIB=OFF); unpack it: "
        "gunzip {}",
        where, where);
}

}  // namespace ranvier
