#pragma once

#include "ranvier/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace ranvier::fuzz {

/// Runs a reader. An error that blames its input is an answer; any other escapes, and is found.
template <typename Reader>
int expect_answer(const Reader& reader) {
    try {
        reader();
    } catch (const Error& error) {
        if (error.fault() != Fault::bad_input && error.fault() != Fault::unsupported) throw;
    }
    return 0;
}

[[nodiscard]] inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// A folder of this process for readers that open files by name; gone with the process.
class Folder {
public:
    Folder() : path_("/dev/shm/ranvier-fuzz." + std::to_string(getpid())) {}
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// Writes a file, replacing what was there, and makes the folders above it.
    std::filesystem::path write(const std::string& name, std::string_view content) const {
        const std::filesystem::path file = path_ / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary)
            .write(content.data(), static_cast<std::streamsize>(content.size()));
        return file;
    }

private:
    std::filesystem::path path_;
};

}  // namespace ranvier::fuzz
