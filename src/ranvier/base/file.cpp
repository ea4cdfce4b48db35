#include "ranvier/base/file.hpp"

#include "ranvier/base/error.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace ranvier {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path, std::uint64_t max_bytes) {
    std::error_code ec;
    const fs::file_status status = fs::status(path, ec);
    if (!fs::exists(status)) fail(Fault::io, "{}: no such file", path.string());
    if (fs::is_directory(status)) fail(Fault::io, "{}: is a directory; name a file", path.string());
    std::ifstream in(path, std::ios::binary);
    if (!in) fail(Fault::io, "{}: cannot be opened: {}", path.string(), std::strerror(errno));
    std::string content;
    char buffer[1 << 16];
    while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
        content.append(buffer, static_cast<std::size_t>(in.gcount()));
        if (content.size() > max_bytes)
            fail(Fault::bad_input, "{}: larger than the {} bytes that are allowed", path.string(),
                 max_bytes);
    }
    if (in.bad()) fail(Fault::io, "{}: reading failed", path.string());
    return content;
}

namespace {

void write_all(int descriptor, std::string_view content, const fs::path& path) {
    while (!content.empty()) {
        const ssize_t written = ::write(descriptor, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0)
            fail(Fault::io, "{}: cannot be written: {}", path.string(), std::strerror(errno));
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(descriptor) != 0 && errno != EINVAL)
        fail(Fault::io, "{}: cannot be written: {}", path.string(), std::strerror(errno));
}

}  // namespace

void write_file(const fs::path& path, std::string_view content) {
    std::error_code ec;
    if (fs::is_directory(path, ec))
        fail(Fault::io, "{}: is a directory; name a file", path.string());
    if (path.has_parent_path()) {
        fs::create_directories(path.parent_path(), ec);
        if (ec)
            fail(Fault::io, "{}: folder cannot be made: {}", path.parent_path().string(),
                 ec.message());
    }
    std::string temporary = path.string() + ".XXXXXX";
    const int descriptor = ::mkstemp(temporary.data());
    if (descriptor < 0)
        fail(Fault::io, "{}: cannot be written: {}", path.string(), std::strerror(errno));
    try {
        ::fchmod(descriptor, 0644);
        write_all(descriptor, content, path);
        if (::close(descriptor) != 0)
            fail(Fault::io, "{}: cannot be written: {}", path.string(), std::strerror(errno));
        fs::rename(temporary, path);
    } catch (const fs::filesystem_error& error) {
        ::unlink(temporary.c_str());
        fail(Fault::io, "{}: cannot be written: {}", path.string(), error.code().message());
    } catch (...) {
        ::close(descriptor);
        ::unlink(temporary.c_str());
        throw;
    }
}

}  // namespace ranvier
