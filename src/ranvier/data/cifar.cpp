#include "ranvier/data/cifar.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/data/description.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace ranvier {

namespace fs = std::filesystem;

namespace {

constexpr Shape image_shape{3, 32, 32};
constexpr std::size_t image_bytes = 3072;
constexpr const char* home = "https://www.cs.toronto.edu/~kriz/cifar.html";

struct BatchFile {
    fs::path path;
    std::size_t n_images = 0;
};

std::size_t row_bytes(const CifarSet& set) {
    return set.n_labels.size() + image_bytes;
}

std::string row_text(const CifarSet& set) {
    return fmt::format("{} bytes ({} label, {} pixels)", row_bytes(set), set.n_labels.size(),
                       image_bytes);
}

/// Says which other set a file of a wrong size could be.
std::string other_set_hint(const CifarSet& set, std::size_t n_bytes) {
    for (const CifarSet* other : {&cifar10(), &cifar100()})
        if (other->name != set.name && n_bytes % row_bytes(*other) == 0)
            return fmt::format("; its size fits {}", other->name);
    return "";
}

/// Checks the size of a batch without reading it.
BatchFile measure_batch(const CifarSet& set, const fs::path& path) {
    if (!fs::is_regular_file(path))
        fail(Fault::io, "{}: {} is not a file; a batch of {} was expected", set.name, path.string(),
             set.name);
    std::error_code ec;
    const std::size_t n_bytes = fs::file_size(path, ec);
    if (ec) fail(Fault::io, "{}: {}", path.string(), ec.message());
    if (n_bytes == 0 || n_bytes % row_bytes(set) != 0)
        fail(Fault::bad_input, "{}: has {} bytes; a batch of {} is a whole number of rows of {}{}",
             path.string(), n_bytes, set.name, row_text(set),
             n_bytes == 0 ? "" : other_set_hint(set, n_bytes));
    return {path, n_bytes / row_bytes(set)};
}

std::vector<BatchFile> official_batches(const CifarSet& set, const DataOptions& options) {
    const fs::path folder = options.root / set.folder;
    if (!fs::is_directory(folder))
        fail(Fault::io,
             "{}: there is no folder {}; --data-root must name the folder that holds {} (unpack "
             "{} from {} there; the Python version cannot be read)",
             set.name, folder.string(), set.folder, set.archive, home);
    std::vector<BatchFile> batches;
    for (const CifarSet::Batch& batch : options.split == Split::train ? set.train : set.test) {
        batches.push_back(measure_batch(set, folder / batch.name));
        if (batches.back().n_images != batch.n_images)
            fail(Fault::bad_input,
                 "{}: holds {} images; the official batch holds {} (a part of the set is read "
                 "with {}:{})",
                 batches.back().path.string(), batches.back().n_images, batch.n_images, set.name,
                 folder.string());
    }
    return batches;
}

std::vector<BatchFile> batches_in(const CifarSet& set, const fs::path& folder, Split split) {
    const std::string& prefix = split == Split::train ? set.train_prefix : set.test_prefix;
    std::vector<fs::path> paths;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(".bin")) paths.push_back(entry.path());
    }
    if (paths.empty())
        fail(Fault::io, "{}: {} holds no {}*.bin, the batches of the {} split", set.name,
             folder.string(), prefix, to_string(split));
    std::sort(paths.begin(), paths.end());
    std::vector<BatchFile> batches;
    for (const fs::path& path : paths) batches.push_back(measure_batch(set, path));
    return batches;
}

/// Appends the first `n` images of a batch.
void append(const CifarSet& set, const BatchFile& batch, std::size_t n, std::vector<int>& labels,
            std::vector<std::uint8_t>& pixels) {
    const std::string content = read_file(batch.path);
    if (content.size() != batch.n_images * row_bytes(set))
        fail(Fault::io, "{}: changed while it was read", batch.path.string());
    for (std::size_t i = 0; i < n; ++i) {
        const char* row = content.data() + i * row_bytes(set);
        int label = 0;
        for (const int n_labels : set.n_labels) {
            label = static_cast<unsigned char>(*row++);
            if (label >= n_labels)
                fail(Fault::bad_input, "{}: image {} has label {}; labels must be in 0..{}",
                     batch.path.string(), i, label, n_labels - 1);
        }
        labels.push_back(label);
        pixels.insert(pixels.end(), row, row + image_bytes);
    }
}

}  // namespace

const CifarSet& cifar10() {
    static const CifarSet set{"cifar10",
                              "cifar-10-batches-bin",
                              "cifar-10-binary.tar.gz",
                              {10},
                              "data_batch_",
                              "test_batch",
                              {{"data_batch_1.bin", 10000},
                               {"data_batch_2.bin", 10000},
                               {"data_batch_3.bin", 10000},
                               {"data_batch_4.bin", 10000},
                               {"data_batch_5.bin", 10000}},
                              {{"test_batch.bin", 10000}}};
    return set;
}

const CifarSet& cifar100() {
    static const CifarSet set{
        "cifar100", "cifar-100-binary",     "cifar-100-binary.tar.gz", {20, 100}, "train",
        "test",     {{"train.bin", 50000}}, {{"test.bin", 10000}}};
    return set;
}

std::unique_ptr<MemorySamples> open_cifar(const CifarSet& set, const std::optional<fs::path>& place,
                                          const DataOptions& options) {
    const bool is_file = place && !fs::is_directory(*place);
    const std::vector<BatchFile> batches =
        is_file ? std::vector{measure_batch(set, *place)}
                : (place ? batches_in(set, *place, options.split) : official_batches(set, options));
    std::size_t total = 0;
    for (const BatchFile& batch : batches) total += batch.n_images;
    const std::size_t used = limited(total, options.limit);

    std::vector<std::uint8_t> pixels;
    pixels.reserve(used * image_bytes);
    MemorySamples::Content content;
    for (const BatchFile& batch : batches) {
        const std::size_t n = std::min(batch.n_images, used - content.labels.size());
        if (n > 0) append(set, batch, n, content.labels, pixels);
    }
    content.shape = image_shape;
    content.n_classes = set.n_labels.back();
    content.pixels = std::move(pixels);
    // A single file is what it is, whatever split was asked for.
    content.description =
        describe_set(is_file ? set.name : set.name + " " + to_string(options.split),
                     place.value_or(options.root / set.folder), used, total);
    return std::make_unique<MemorySamples>(std::move(content));
}

}  // namespace ranvier
