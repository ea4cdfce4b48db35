#include "ranvier/nir/hdf5.hpp"

#include <array>
#include <fmt/format.h>
#include <zlib.h>

namespace ranvier::hdf5 {

namespace {

/// Unpacks into a window that is thrown away. @return whether there are at most `most` bytes.
bool unpacks_to(const std::vector<unsigned char>& packed, std::uint64_t most) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) return false;
    stream.next_in = const_cast<unsigned char*>(packed.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    std::array<unsigned char, 16 << 10> window;
    int state = Z_OK;
    while (state == Z_OK && stream.total_out <= most) {
        stream.next_out = window.data();
        stream.avail_out = window.size();
        state = inflate(&stream, Z_NO_FLUSH);
    }
    const bool fits = state == Z_STREAM_END && stream.total_out <= most;
    inflateEnd(&stream);
    return fits;
}

/// Which filters a dataset's chunks went through. @return "" or why they cannot be read.
std::string filter_fault(hid_t list, bool& deflated) {
    const int n = H5Pget_nfilters(list);
    for (int k = 0; k < n; ++k) {
        unsigned flags = 0;
        std::size_t n_values = 0;
        const H5Z_filter_t filter = H5Pget_filter2(list, static_cast<unsigned>(k), &flags,
                                                   &n_values, nullptr, 0, nullptr, nullptr);
        if (filter == H5Z_FILTER_DEFLATE && deflated) return "is packed twice";
        if (filter == H5Z_FILTER_DEFLATE)
            deflated = true;
        else if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            return fmt::format("is packed by filter {}; only deflate (gzip) can be read", filter);
    }
    return "";
}

constexpr std::uint64_t checksum_bytes = 4;  ///< may be packed with the values

/// Whether all chunks unpack to at most `most` bytes each.
bool chunks_fit(hid_t dataset, std::size_t rank, std::uint64_t most) {
    const Id space(H5Dget_space(dataset), H5Sclose);
    hsize_t n_chunks = 0;
    if (H5Dget_num_chunks(dataset, space.get(), &n_chunks) < 0) return false;
    std::vector<hsize_t> offset(rank);
    std::vector<unsigned char> packed;
    for (hsize_t k = 0; k < n_chunks; ++k) {
        unsigned skipped = 0;
        haddr_t address = 0;
        hsize_t size = 0;
        if (H5Dget_chunk_info(dataset, space.get(), k, offset.data(), &skipped, &address, &size) <
            0)
            return false;
        hsize_t file_size = 0;
        const Id file(H5Iget_file_id(dataset), H5Fclose);
        if (H5Fget_filesize(file.get(), &file_size) < 0 || size > file_size) return false;
        packed.resize(size);
        std::uint32_t mask = 0;
        if (H5Dread_chunk(dataset, H5P_DEFAULT, offset.data(), &mask, packed.data()) < 0)
            return false;
        if (mask != 0 || !unpacks_to(packed, most + checksum_bytes)) return false;
    }
    return true;
}

}  // namespace

std::string storage_fault(const Id& dataset, std::uint64_t& unpacked) {
    unpacked = 0;
    const Id list(H5Dget_create_plist(dataset.get()), H5Pclose);
    if (!list) return "cannot be read";
    const H5D_layout_t layout = H5Pget_layout(list.get());
    if (layout == H5D_VIRTUAL || H5Pget_external_count(list.get()) > 0)
        return "is kept in other files; put it into this one";
    if (layout != H5D_CHUNKED) return "";
    bool deflated = false;
    if (std::string fault = filter_fault(list.get(), deflated); !fault.empty()) return fault;
    std::array<hsize_t, H5S_MAX_RANK> chunk{};
    const int rank = H5Pget_chunk(list.get(), static_cast<int>(chunk.size()), chunk.data());
    const Id type(H5Dget_type(dataset.get()), H5Tclose);
    if (rank <= 0 || !type) return "cannot be read";
    constexpr std::uint64_t most = std::uint64_t{1} << 32;  // HDF5's own limit for a chunk
    unpacked = H5Tget_size(type.get());
    for (int k = 0; k < rank; ++k) {
        const hsize_t extent = chunk[static_cast<std::size_t>(k)];
        if (extent == 0 || unpacked > most / extent) return "has chunks that are too large";
        unpacked *= extent;
    }
    if (deflated && !chunks_fit(dataset.get(), static_cast<std::size_t>(rank), unpacked))
        return "has packed data that are damaged";
    return "";
}

}  // namespace ranvier::hdf5
