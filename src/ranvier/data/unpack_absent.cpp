#include "ranvier/base/error.hpp"
#include "ranvier/data/unpack.hpp"

// In the place of the decompressors in builds with RANVIER_ZLIB=OFF.
namespace ranvier {

std::string unpack(std::string_view /*packed*/, Packing /*packing*/, std::size_t /*max_bytes*/,
                   const std::string& where) {
    fail(Fault::unsupported,
         "{}: is compressed, and this program was built without LZ4 and Zstandard "
         "(RANVIER_ZLIB=OFF); record without compression, or build with them",
         where);
}

}  // namespace ranvier
