#include "ranvier/data/gzip.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <limits>
#include <zlib.h>

namespace ranvier {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 18;
constexpr int window_bits_gzip = 15 + 16;  // zlib.h: the largest window, gzip header expected

/// zlib's state, released at the end.
class Inflater {
public:
    explicit Inflater(std::string_view packed) : rest_(packed) {
        if (inflateInit2(&stream_, window_bits_gzip) != Z_OK)
            fail(Fault::internal, "gunzip: zlib cannot be initialized");
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    /// Unpacks up to `n` bytes to `out`; returns zlib's result and the number written.
    int step(char* out, std::size_t n, std::size_t& n_written) {
        feed();
        stream_.next_out = reinterpret_cast<Bytef*>(out);
        stream_.avail_out = static_cast<uInt>(n);
        const int result = inflate(&stream_, Z_NO_FLUSH);
        n_written = n - stream_.avail_out;
        return result;
    }
    /// Starts on the next member; false if there is none.
    bool next_member() {
        feed();
        return stream_.avail_in > 0 && inflateReset(&stream_) == Z_OK;
    }
    [[nodiscard]] bool has_input() const { return stream_.avail_in > 0 || !rest_.empty(); }
    [[nodiscard]] const char* message() const { return stream_.msg ? stream_.msg : "damaged data"; }

private:
    void feed() {
        if (stream_.avail_in > 0 || rest_.empty()) return;
        const std::size_t n = std::min<std::size_t>(rest_.size(), std::numeric_limits<uInt>::max());
        // zlib only reads from next_in; its interface merely predates const.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
        stream_.avail_in = static_cast<uInt>(n);
        rest_.remove_prefix(n);
    }

    z_stream stream_{};
    std::string_view rest_;
};

}  // namespace

bool is_gzip(std::string_view bytes) noexcept {
    return bytes.starts_with("\x1f\x8b");
}

std::string gunzip(std::string_view packed, std::size_t max_bytes, const std::string& where) {
    Inflater inflater(packed);
    std::string content;
    while (content.size() < max_bytes) {
        const std::size_t old_size = content.size();
        const std::size_t room = std::min(chunk_bytes, max_bytes - old_size);
        content.resize(old_size + room);
        std::size_t n_written = 0;
        const int result = inflater.step(content.data() + old_size, room, n_written);
        content.resize(old_size + n_written);
        if (result == Z_STREAM_END) {
            if (!inflater.next_member()) break;
        } else if (result == Z_BUF_ERROR ||
                   (result == Z_OK && !inflater.has_input() && n_written < room)) {
            fail(Fault::bad_input,
                 "{}: the gzip data end early, after {} unpacked bytes; the file is incomplete",
                 where, content.size());
        } else if (result != Z_OK) {
            fail(Fault::bad_input, "{}: the gzip data are damaged after {} unpacked bytes: {}",
                 where, content.size(), inflater.message());
        }
    }
    return content;
}

}  // namespace ranvier
