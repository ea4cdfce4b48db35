#include "ranvier/data/idx.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/data/description.hpp"
#include "ranvier/data/gzip.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace ranvier {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_bytes = std::size_t{1} << 30;  // MNIST's train images: 47 MB
/// A packed file may unpack to so much, and more for each of its bytes; MNIST's unpack to 5 times
/// their size.
constexpr std::size_t always_allowed = std::size_t{16} << 20, max_ratio = 64;
constexpr unsigned char type_unsigned_byte = 8;
constexpr int n_classes = 10;

unsigned char byte_at(std::string_view bytes, std::size_t i) {
    return static_cast<unsigned char>(bytes[i]);
}

std::size_t big_endian(std::string_view bytes, std::size_t at) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | byte_at(bytes, at + i);
    return value;
}

/// The first `n` bytes of the file's content, or all if there are fewer.
std::string unpack(const std::string& file, std::size_t n, const std::string& where) {
    return is_gzip(file) ? gunzip(file, n, where) : file.substr(0, n);
}

void require_magic(std::string_view header, std::size_t n_dims, const std::string& where) {
    const std::size_t magic = big_endian(header, 0);
    const std::size_t expected = std::size_t{type_unsigned_byte} << 8 | n_dims;
    if (magic != expected)
        fail(Fault::bad_input,
             "{}: begins with 0x{:08x}; an idx file of unsigned bytes in {} dimension{} begins "
             "with 0x{:08x}",
             where, magic, n_dims, n_dims == 1 ? "" : "s", expected);
}

std::vector<std::size_t> parse_dims(std::string_view header, std::size_t n_dims) {
    std::vector<std::size_t> dims;
    for (std::size_t d = 0; d < n_dims; ++d) dims.push_back(big_endian(header, 4 + 4 * d));
    return dims;
}

std::string dims_text(const std::vector<std::size_t>& dims) {
    return fmt::format("{}", fmt::join(dims, "x"));
}

std::size_t content_size(const std::vector<std::size_t>& dims, const std::string& where) {
    std::size_t size = 1;
    for (const std::size_t dim : dims) {
        if (dim == 0) fail(Fault::bad_input, "{}: declares no values ({})", where, dims_text(dims));
        if (dim > max_bytes / size)
            fail(Fault::bad_input, "{}: declares {} values; at most {} bytes are read", where,
                 dims_text(dims), max_bytes);
        size *= dim;
    }
    return size;
}

}  // namespace

IdxArray read_idx(const fs::path& path, std::size_t n_dims) {
    const std::string where = path.string();
    const std::string file = read_file(path, max_bytes);
    if (file.empty()) fail(Fault::bad_input, "{}: is empty; an idx file was expected", where);
    const std::size_t header_size = 4 + 4 * n_dims;
    const std::string header = unpack(file, header_size, where);
    if (header.size() < header_size)
        fail(Fault::bad_input, "{}: has {} bytes; the header of an idx file has {}", where,
             header.size(), header_size);
    require_magic(header, n_dims, where);

    IdxArray array{parse_dims(header, n_dims), {}};
    const std::size_t expected = header_size + content_size(array.dims, where);
    if (is_gzip(file) && expected > always_allowed + max_ratio * file.size())
        fail(Fault::bad_input, "{}: declares {} values, more than a file of {} bytes can hold",
             where, dims_text(array.dims), file.size());
    array.bytes = unpack(file, expected + 1, where);  // one more shows that it is too long
    if (array.bytes.size() != expected)
        fail(Fault::bad_input, "{}: has {} bytes; a header of {} bytes and {} values need {}",
             where,
             array.bytes.size() > expected ? fmt::format("more than {}", expected)
                                           : std::to_string(array.bytes.size()),
             header_size, dims_text(array.dims), expected);
    array.bytes.erase(0, header_size);
    return array;
}

namespace {

/// `name` in the set's folder, plain or with .gz.
fs::path find_file(const IdxSet& set, const DataOptions& options, const std::string& name) {
    const fs::path plain = options.root / set.folder / name;
    const fs::path packed = plain.string() + ".gz";
    if (fs::exists(plain)) return plain;
    if (fs::exists(packed)) return packed;
    fail(Fault::io,
         "{}: neither {} nor {} exists; --data-root must name the folder that holds {} (the layout "
         "of torchvision; the files are at {})",
         set.name, plain.string(), packed.filename().string(), set.folder, set.source);
}

std::vector<int> checked_labels(const std::string& bytes, std::size_t n, const fs::path& path) {
    std::vector<int> labels(n);
    for (std::size_t i = 0; i < n; ++i) {
        labels[i] = byte_at(bytes, i);
        if (labels[i] >= n_classes)
            fail(Fault::bad_input, "{}: label {} is {}; labels must be in 0..{}", path.string(), i,
                 labels[i], n_classes - 1);
    }
    return labels;
}

}  // namespace

std::unique_ptr<MemorySamples> open_idx_set(const IdxSet& set, const DataOptions& options) {
    const std::string prefix = options.split == Split::train ? "train" : "t10k";
    const fs::path image_path = find_file(set, options, prefix + "-images-idx3-ubyte");
    const fs::path label_path = find_file(set, options, prefix + "-labels-idx1-ubyte");
    const IdxArray labels = read_idx(label_path, 1);
    const IdxArray images = read_idx(image_path, 3);
    const std::size_t total = images.dims[0];
    if (total != labels.dims[0])
        fail(Fault::bad_input, "{}: holds {} images, but {} holds {} labels", image_path.string(),
             total, label_path.string(), labels.dims[0]);

    const std::size_t used = limited(total, options.limit);
    MemorySamples::Content content;
    content.shape = {1, static_cast<std::int64_t>(images.dims[1]),
                     static_cast<std::int64_t>(images.dims[2])};
    content.n_classes = n_classes;
    content.labels = checked_labels(labels.bytes, used, label_path);
    const auto n_pixels = static_cast<std::ptrdiff_t>(used * images.dims[1] * images.dims[2]);
    content.pixels =
        std::vector<std::uint8_t>(images.bytes.begin(), images.bytes.begin() + n_pixels);
    content.description = describe_set(set.name + " " + to_string(options.split),
                                       options.root / set.folder, used, total);
    return std::make_unique<MemorySamples>(std::move(content));
}

}  // namespace ranvier
