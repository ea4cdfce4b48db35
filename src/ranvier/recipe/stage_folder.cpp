#include "ranvier/recipe/stage_folder.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace ranvier {

namespace fs = std::filesystem;

namespace {

constexpr const char* done_name = "done";
constexpr const char* started_name = "started";

bool holds(const fs::path& file, const std::string& hash) {
    std::error_code ec;
    return fs::is_regular_file(file, ec) && read_file(file) == hash + "\n";
}

void remove_path(const fs::path& path) {
    std::error_code ec;
    fs::remove_all(path, ec);
    if (ec) fail(Fault::io, "{}: cannot be removed: {}", path.string(), ec.message());
}

/// Asked of a folder by error codes, so that no exception of another type comes out of here.
std::vector<fs::path> entries(const fs::path& folder) {
    std::vector<fs::path> paths;
    std::error_code ec;
    for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec))
        paths.push_back(it->path());
    if (ec) fail(Fault::io, "{}: cannot be listed: {}", folder.string(), ec.message());
    return paths;
}

}  // namespace

std::string text_hash(const std::string& text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return fmt::format("{:016x}", hash);
}

bool StageFolder::done() const {
    return holds(path_ / done_name, hash_);
}

void StageFolder::begin() const {
    const bool continued = holds(path_ / started_name, hash_);
    std::error_code ec;
    if (!continued) remove_path(path_);
    fs::create_directories(path_, ec);
    if (ec) fail(Fault::io, "{}: folder cannot be made: {}", path_.string(), ec.message());
    if (!continued) return write_file(path_ / started_name, hash_ + "\n");
    for (const fs::path& entry : entries(path_))
        if (entry.filename() != started_name && entry != checkpoint()) remove_path(entry);
}

void StageFolder::finish() const {
    write_file(path_ / done_name, hash_ + "\n");
    remove_path(checkpoint());
    remove_path(path_ / started_name);
}

FolderLock::FolderLock(const fs::path& folder) {
    std::error_code ec;
    fs::create_directories(folder, ec);
    if (ec) fail(Fault::io, "{}: folder cannot be made: {}", folder.string(), ec.message());
    descriptor_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor_ < 0)
        fail(Fault::io, "{}: cannot be opened: {}", folder.string(),
             std::system_category().message(errno));
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
    ::close(descriptor_);
    fail(Fault::io,
         "{}: another process is running a recipe there; wait for it or use another "
         "folder",
         folder.string());
}

FolderLock::~FolderLock() {
    ::close(descriptor_);
}

}  // namespace ranvier
