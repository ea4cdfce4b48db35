#pragma once

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <unistd.h>
#include <zlib.h>

namespace ranvier {

/// A folder for one test's files, removed with it.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "ranvier.XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) fail(Fault::io, "{} cannot be made", name);
        path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const std::string& name, const std::string& content) const {
        write_file(path_ / name, content);
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

struct Thrown {
    std::optional<Fault> fault;  ///< nothing: no Error was thrown
    std::string message;
};

template <typename Work>
Thrown error_of(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        return {error.fault(), error.what()};
    }
    return {};
}

/// Expects an Error of this fault whose message holds all the given pieces of text.
template <typename Work>
void expect_error(Fault fault, std::initializer_list<const char*> pieces, Work&& work) {
    const Thrown thrown = error_of(work);
    ASSERT_TRUE(thrown.fault.has_value()) << "nothing was thrown";
    EXPECT_EQ(*thrown.fault, fault) << thrown.message;
    for (const char* piece : pieces)
        EXPECT_NE(thrown.message.find(piece), std::string::npos)
            << "'" << piece << "' is not in: " << thrown.message;
}

inline std::string gzip_of(const std::string& content) {
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, content.size()) + 32, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(packed.size() - stream.avail_out);
    deflateEnd(&stream);
    return packed;
}

/// An idx file: magic number, dimensions, values.
inline std::string idx_of(std::initializer_list<unsigned> dims, const std::string& values,
                          unsigned char type = 8) {
    std::string file{'\0', '\0', static_cast<char>(type), static_cast<char>(dims.size())};
    for (const unsigned dim : dims)
        for (int shift = 24; shift >= 0; shift -= 8)
            file.push_back(static_cast<char>(dim >> shift & 0xFF));
    return file + values;
}

}  // namespace ranvier
