#include "ranvier/nir/hdf5.hpp"

#ifdef __SANITIZE_ADDRESS__
/// The library forgets memory of its own when it gives up on a damaged file.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions() {
    return "leak:libhdf5";
}
#endif

namespace ranvier::hdf5 {

namespace {

std::recursive_mutex& mutex() {
    static std::recursive_mutex one;
    return one;
}

constexpr std::size_t growth = 64 << 10;  ///< bytes by which a file in memory grows

Id memory_access() {
    Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fapl_core(access.get(), growth, false);
    return access;
}

}  // namespace

Session::Session() : lock_(mutex()) {
    // Damaged files leave objects open inside of the library, which it would print about at the end
    // of the program. Nothing here needs that last cleaning up: no file is open on the disk.
    static const herr_t no_exit_handler = H5dont_atexit();
    (void)no_exit_handler;
    H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);  // no code from elsewhere because a file asks for it
}

Session::~Session() {
    H5Eset_auto2(H5E_DEFAULT, print_, print_data_);
}

Id open_bytes(std::string_view bytes) {
    const Id access = memory_access();
    // The library copies the bytes; it takes them as not const but does not change them.
    if (H5Pset_file_image(access.get(), const_cast<char*>(bytes.data()), bytes.size()) < 0)
        return {};
    return {H5Fopen("memory", H5F_ACC_RDONLY, access.get()), H5Fclose};
}

Id create_in_memory() {
    const Id access = memory_access();
    return {H5Fcreate("memory", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose};
}

std::string image_of(const Id& file) {
    if (H5Fflush(file.get(), H5F_SCOPE_GLOBAL) < 0) return {};
    const ssize_t size = H5Fget_file_image(file.get(), nullptr, 0);
    if (size <= 0) return {};
    std::string bytes(static_cast<std::size_t>(size), '\0');
    if (H5Fget_file_image(file.get(), bytes.data(), bytes.size()) != size) return {};
    return bytes;
}

bool extents(const Id& space, std::vector<std::int64_t>& dims, std::uint64_t& count) {
    dims.clear();
    count = 1;
    const H5S_class_t kind = H5Sget_simple_extent_type(space.get());
    if (kind == H5S_SCALAR) return true;
    if (kind == H5S_NULL) {
        dims = {0};
        count = 0;
        return true;
    }
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (kind != H5S_SIMPLE || rank < 0) return false;
    std::vector<hsize_t> sizes(static_cast<std::size_t>(rank));
    if (H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr) < 0) return false;
    constexpr hsize_t most = hsize_t{1} << 48;
    for (const hsize_t size : sizes) {
        if (size > most || (count != 0 && size > most / count)) return false;
        count *= size;
        dims.push_back(static_cast<std::int64_t>(size));
    }
    return true;
}

Id text_type(H5T_cset_t characters) {
    Id type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.get(), H5T_VARIABLE);
    H5Tset_cset(type.get(), characters);
    return type;
}

}  // namespace ranvier::hdf5
