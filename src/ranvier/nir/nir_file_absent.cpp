#include "ranvier/base/error.hpp"
#include "ranvier/nir/nir_file.hpp"

// In the place of the reader and the writer in builds with RANVIER_NIR=OFF.
namespace ranvier {

namespace {

[[noreturn]] void refuse(const std::string& name) {
    fail(Fault::unsupported,
         "{}: this program was built without HDF5 (RANVIER_NIR=OFF); use one that has it for NIR "
         "files",
         name);
}

}  // namespace

NirModel read_nir(const std::filesystem::path& path) {
    refuse(path.string());
}

NirModel read_nir_bytes(std::string_view /*bytes*/, const std::string& name) {
    refuse(name);
}

std::string nir_bytes(const NirModel& /*model*/) {
    refuse("a NIR file");
}

void write_nir(const NirModel& /*model*/, const std::filesystem::path& path) {
    refuse(path.string());
}

}  // namespace ranvier
