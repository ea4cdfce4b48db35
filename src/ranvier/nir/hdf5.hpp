#pragma once

#include <cstdint>
#include <hdf5.h>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ranvier::hdf5 {

/// Debian's HDF5 is not for several threads at once, and prints its errors unless told not to:
/// every use of it stands in the scope of a Session.
class Session {
public:
    Session();
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

private:
    std::scoped_lock<std::recursive_mutex> lock_;
    H5E_auto2_t print_ = nullptr;
    void* print_data_ = nullptr;
};

/// A handle of any kind; negative: none.
class Id {
public:
    using Close = herr_t (*)(hid_t);
    Id() = default;
    Id(hid_t id, Close close) : id_(id), close_(close) {}
    ~Id() {
        if (id_ >= 0) close_(id_);
    }
    Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
    Id& operator=(Id&& other) noexcept {
        std::swap(id_, other.id_);
        std::swap(close_, other.close_);
        return *this;
    }
    Id(const Id&) = delete;
    Id& operator=(const Id&) = delete;

    [[nodiscard]] hid_t get() const noexcept { return id_; }
    explicit operator bool() const noexcept { return id_ >= 0; }

private:
    hid_t id_ = -1;
    Close close_ = nullptr;
};

/// A file in memory: opened for reading, or an empty one for writing. Nothing touches the disk.
[[nodiscard]] Id open_bytes(std::string_view bytes);
[[nodiscard]] Id create_in_memory();
/// What a file in memory looks like on disk.
[[nodiscard]] std::string image_of(const Id& file);

/// Extents of a dataset. @return whether they could be read and multiply to less than 2^48.
[[nodiscard]] bool extents(const Id& space, std::vector<std::int64_t>& dims, std::uint64_t& count);

/// Why the stored bytes of a dataset cannot be read, or "": what is kept in other files or packed
/// in another way than deflate (with shuffle and checksums). `unpacked` becomes what reading a
/// chunk takes; chunks that unpack to more than they claim are found before they are read.
[[nodiscard]] std::string storage_fault(const Id& dataset, std::uint64_t& unpacked);

/// Texts of variable length. HDF5's own reader of them trusts what a file says about its heap of
/// texts and crashes on damaged ones, so the heap is read here (HDF5 file format, "Global Heap").
class TextPlaces {
public:
    /// @param file  the whole file. @param count  texts of the dataset.
    TextPlaces(std::string_view file, const Id& dataset, std::uint64_t count);
    /// Why they cannot be read, or null.
    [[nodiscard]] const char* fault() const noexcept { return fault_; }
    /// Text k with its padding; nothing if the file is damaged.
    [[nodiscard]] std::optional<std::string_view> text(std::uint64_t k);

private:
    using Heap = std::map<std::uint32_t, std::string_view>;  ///< objects by their index
    [[nodiscard]] const Heap& heap(std::uint64_t address);

    std::string_view file_, references_;
    const char* fault_ = nullptr;
    std::map<std::uint64_t, Heap> heaps_;  ///< by their address
    std::uint64_t bytes_left_ = 0;         ///< of heaps to look through: they may overlap
};

/// A text of variable length.
[[nodiscard]] Id text_type(H5T_cset_t characters);

}  // namespace ranvier::hdf5
