#include "ranvier/base/file.hpp"

#include "ranvier/base/error.hpp"

#include <climits>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ranvier {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path, std::uint64_t max_bytes) {
    std::error_code ec;
    const fs::file_status status = fs::status(path, ec);
    if (!fs::exists(status)) fail(Fault::io, "{}: no such file", path.string());
    if (fs::is_directory(status)) fail(Fault::io, "{}: is a directory; name a file", path.string());
    if (fs::is_character_file(status) || fs::is_block_file(status))  // may have no end
        fail(Fault::io, "{}: is a device; name a file", path.string());
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

[[noreturn]] void refuse_write(const fs::path& path, int error) {
    fail(Fault::io, "{}: cannot be written: {}", path.string(), std::strerror(error));
}

/// A file that is open for writing.
class Descriptor {
public:
    Descriptor(int number, const fs::path& path) : number_(number), path_(path) {
        if (number_ < 0) refuse_write(path_, errno);
    }
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    void allow_reading_by_all() { ::fchmod(number_, 0644); }  // mkstemp makes files private
    void write(std::string_view content) {
        while (!content.empty()) {
            const ssize_t written = ::write(number_, content.data(), content.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) refuse_write(path_, errno);
            content.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    /// Returns once the content is on the disk.
    void close() {
        if (::fsync(number_) != 0 && errno != EINVAL) refuse_write(path_, errno);
        if (::close(std::exchange(number_, -1)) != 0) refuse_write(path_, errno);
    }

private:
    int number_;
    const fs::path& path_;
};

/// Removes a file at the end of its scope, unless canceled.
class Removal {
public:
    explicit Removal(const std::string& name) : name_(name) {}
    ~Removal() {
        if (!canceled_) ::unlink(name_.c_str());
    }
    Removal(const Removal&) = delete;
    Removal& operator=(const Removal&) = delete;
    void cancel() { canceled_ = true; }

private:
    const std::string& name_;
    bool canceled_ = false;
};

constexpr std::string_view temporary_mark = ".unfinished-";
constexpr std::string_view temporary_end = "XXXXXX";  // mkstemp's

/// How names of temporary files for `path` begin; short enough that every name the file itself may
/// have will do.
std::string temporary_start(const fs::path& path) {
    const std::size_t room = NAME_MAX - temporary_mark.size() - temporary_end.size();
    return fmt::format("{}{}", path.filename().string().substr(0, room), temporary_mark);
}

void replace_file(const fs::path& path, std::string_view content) {
    std::string temporary =
        (path.parent_path() / fmt::format("{}{}", temporary_start(path), temporary_end)).string();
    Descriptor file(::mkstemp(temporary.data()), path);
    Removal removal(temporary);
    file.allow_reading_by_all();
    file.write(content);
    file.close();
    if (::rename(temporary.c_str(), path.c_str()) != 0) refuse_write(path, errno);
    removal.cancel();
}

void write_in_place(const fs::path& path, std::string_view content) {
    Descriptor file(::open(path.c_str(), O_WRONLY), path);
    file.write(content);
    file.close();
}

}  // namespace

void write_file(const fs::path& path, std::string_view content) {
    std::error_code ec;
    const fs::file_status status = fs::status(path, ec);
    if (fs::is_directory(status)) fail(Fault::io, "{}: is a directory; name a file", path.string());
    if (fs::exists(status) && !fs::is_regular_file(status)) return write_in_place(path, content);
    if (path.has_parent_path()) {
        fs::create_directories(path.parent_path(), ec);
        if (ec)
            fail(Fault::io, "{}: folder cannot be made: {}", path.parent_path().string(),
                 ec.message());
    }
    // Behind a symbolic link, the file it names is replaced, not the link.
    const fs::path target = fs::is_symlink(path, ec) ? fs::canonical(path, ec) : path;
    replace_file(target.empty() ? path : target, content);
}

void remove_unfinished(const fs::path& path) {
    const std::string start = temporary_start(path);
    std::error_code ec;
    for (const fs::directory_entry& entry : fs::directory_iterator(path.parent_path(), ec))
        if (entry.path().filename().string().starts_with(start)) fs::remove(entry.path(), ec);
}

}  // namespace ranvier
