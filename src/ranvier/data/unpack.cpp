#include "ranvier/data/unpack.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <lz4frame.h>
#include <memory>
#include <zstd.h>

namespace ranvier {

namespace {

constexpr std::size_t first_guess = 4;  ///< times the packed size

[[noreturn]] void refuse(const std::string& where, const char* format, const char* reason) {
    fail(Fault::bad_input, "{}: the {} data are damaged: {}", where, format, reason);
}

/// Makes room behind what is there, up to `max_bytes`. @return whether there is any.
bool grow(std::string& content, std::size_t used, std::size_t packed, std::size_t max_bytes) {
    if (used < content.size()) return true;
    const std::size_t wanted = content.empty() ? first_guess * packed + 64 : 2 * content.size();
    content.resize(std::min(wanted, max_bytes));
    return used < content.size();
}

/// Calls `step(from, to)`, which moves both and says whether the frame is complete.
template <typename Step>
std::string unpack_frame(std::string_view packed, std::size_t max_bytes, const std::string& where,
                         const char* format, Step&& step) {
    std::string content;
    std::size_t used = 0, read = 0;
    for (bool complete = false; !complete;) {
        // At the limit one more byte of room tells a frame that ends there from one that goes on.
        char extra = 0;
        const bool room = grow(content, used, packed.size(), max_bytes);
        char* to = room ? content.data() + used : &extra;
        std::size_t n_out = room ? content.size() - used : 1;
        std::size_t n_in = packed.size() - read;
        complete = step(packed.data() + read, n_in, to, n_out);
        if (n_out > 0 && !room)
            fail(Fault::bad_input, "{}: the {} data unpack to more than {} bytes; refused", where,
                 format, max_bytes);
        if (n_in == 0 && n_out == 0 && !complete) refuse(where, format, "they end early");
        used += n_out;
        read += n_in;
    }
    content.resize(used);
    return content;
}

std::string unpack_lz4(std::string_view packed, std::size_t max_bytes, const std::string& where) {
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0)
        fail(Fault::io, "{}: LZ4 could not start: no memory", where);
    const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(
        made, LZ4F_freeDecompressionContext);
    return unpack_frame(packed, max_bytes, where, "LZ4",
                        [&](const char* from, std::size_t& n_in, char* to, std::size_t& n_out) {
                            const std::size_t hint =
                                LZ4F_decompress(context.get(), to, &n_out, from, &n_in, nullptr);
                            if (LZ4F_isError(hint) != 0)
                                refuse(where, "LZ4", LZ4F_getErrorName(hint));
                            return hint == 0;
                        });
}

std::string unpack_zstd(std::string_view packed, std::size_t max_bytes, const std::string& where) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                       ZSTD_freeDCtx);
    if (context == nullptr) fail(Fault::io, "{}: Zstandard could not start: no memory", where);
    return unpack_frame(packed, max_bytes, where, "Zstandard",
                        [&](const char* from, std::size_t& n_in, char* to, std::size_t& n_out) {
                            ZSTD_inBuffer in{from, n_in, 0};
                            ZSTD_outBuffer out{to, n_out, 0};
                            const std::size_t hint =
                                ZSTD_decompressStream(context.get(), &out, &in);
                            if (ZSTD_isError(hint) != 0)
                                refuse(where, "Zstandard", ZSTD_getErrorName(hint));
                            n_in = in.pos;
                            n_out = out.pos;
                            return hint == 0;
                        });
}

}  // namespace

std::string unpack(std::string_view packed, Packing packing, std::size_t max_bytes,
                   const std::string& where) {
    if (packing == Packing::lz4) return unpack_lz4(packed, max_bytes, where);
    if (packing == Packing::zstd) return unpack_zstd(packed, max_bytes, where);
    return std::string(packed);
}

}  // namespace ranvier
