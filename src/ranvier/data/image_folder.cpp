#include "ranvier/data/image_folder.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/description.hpp"
#include "ranvier/data/image_file.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/data/resize.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace ranvier {

namespace fs = std::filesystem;

namespace {

constexpr int max_class = 99999;
constexpr int max_side = 1 << 14;  // of wanted images, pixels

using Paths = std::vector<fs::path>;

bool is_hidden(const fs::path& path) {
    return path.filename().string().starts_with('.');
}

/// What lies in a folder, sorted: its folders and its images.
struct Listing {
    Paths folders;
    Paths images;
};

Listing list_folder(const fs::path& folder) {
    Listing listing;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (is_hidden(entry.path())) continue;
        if (entry.is_directory())
            listing.folders.push_back(entry.path());
        else if (is_image_name(entry.path()))
            listing.images.push_back(entry.path());
    }
    std::sort(listing.folders.begin(), listing.folders.end());
    std::sort(listing.images.begin(), listing.images.end());
    return listing;
}

Paths images_below(const fs::path& folder) {
    Paths images;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
        if (!entry.is_directory() && !is_hidden(entry.path()) && is_image_name(entry.path()))
            images.push_back(entry.path());
    std::sort(images.begin(), images.end());
    return images;
}

int class_number(const fs::path& path) {
    const std::string name = path.filename().string();
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (end == name.data() || name.starts_with('-'))
        fail(Fault::bad_input,
             "{}: the name does not start with the number of a class (as 0002.jpg does), and "
             "there are no class folders",
             path.string());
    if (error != std::errc{} || number > max_class)
        fail(Fault::bad_input, "{}: the name starts with a number above {}; that is no class",
             path.string(), max_class);
    return number;
}

/// Lets the classes take turns.
std::vector<ImageList::Item> interleave(const std::map<int, Paths>& by_class) {
    std::vector<ImageList::Item> items;
    for (std::size_t turn = 0, taken = 1; taken > 0; ++turn) {
        taken = 0;
        for (const auto& [label, paths] : by_class)
            if (turn < paths.size()) {
                items.push_back({paths[turn], label});
                ++taken;
            }
    }
    return items;
}

std::map<int, Paths> by_class_folder(const Paths& folders) {
    std::map<int, Paths> by_class;
    for (std::size_t c = 0; c < folders.size(); ++c) {
        Paths images = images_below(folders[c]);
        if (images.empty())
            fail(Fault::bad_input, "{}: is a class folder without images", folders[c].string());
        by_class[static_cast<int>(c)] = std::move(images);
    }
    return by_class;
}

}  // namespace

ImageList list_images(const fs::path& folder) {
    if (!fs::is_directory(folder))
        fail(Fault::io, "images: {} is not a folder; a folder of images was expected",
             folder.string());
    const Listing listing = list_folder(folder);
    if (!listing.folders.empty() && !listing.images.empty())
        fail(Fault::bad_input,
             "{}: holds both folders ({}, ...) and images ({}, ...); expected either one folder "
             "per class or files named by class number",
             folder.string(), listing.folders[0].filename().string(),
             listing.images[0].filename().string());
    if (listing.folders.empty() && listing.images.empty())
        fail(Fault::bad_input, "{}: holds no images; expected class folders or files like 0002.jpg",
             folder.string());

    std::map<int, Paths> by_class = by_class_folder(listing.folders);
    for (const fs::path& path : listing.images) by_class[class_number(path)].push_back(path);
    return {interleave(by_class), by_class.rbegin()->first + 1};
}

namespace {

/// Sizes in pixels.
struct Framing {
    int resize = 0;  ///< of the shorter side
    int height = 0;
    int width = 0;
};

Framing framing(const DataOptions& options) {
    if (!options.shape)
        fail(Fault::usage,
             "images: pictures have many sizes; say which shape the network wants (for instance "
             "3x224x224)");
    const Shape& shape = *options.shape;
    if ((shape.channels != 1 && shape.channels != 3) || std::min(shape.height, shape.width) < 1 ||
        std::max(shape.height, shape.width) > max_side)
        fail(Fault::usage,
             "images: shape {} is wanted; images have 1 (grey) or 3 (red, green, blue) channels "
             "and sides of 1 to {} pixels",
             to_string(shape), max_side);
    const auto larger = static_cast<int>(std::max(shape.height, shape.width));
    const int resize = options.resize != 0 ? options.resize
                                           : static_cast<int>(std::lround(larger * 256.0 / 224.0));
    if (resize < larger || resize > 2 * max_side)
        fail(Fault::usage,
             "images: the shorter side is to be resized to {} pixels; to crop {} it must be {} to "
             "{}",
             resize, to_string(shape), larger, 2 * max_side);
    return {resize, static_cast<int>(shape.height), static_cast<int>(shape.width)};
}

class ImageFolderSamples : public Samples {
public:
    ImageFolderSamples(ImageList list, const Framing& frame, int channels, std::string description)
        : list_(std::move(list)),
          framing_(frame),
          shape_{channels, frame.height, frame.width},
          description_(std::move(description)) {}

    [[nodiscard]] std::size_t size() const override { return list_.items.size(); }
    [[nodiscard]] Shape shape() const override { return shape_; }
    [[nodiscard]] int n_classes() const override { return list_.n_classes; }
    [[nodiscard]] int label(std::size_t index) const override {
        require_readable(*this, index, static_cast<std::size_t>(shape_.size()));
        return list_.items[index].label;
    }
    void read(std::size_t index, std::span<float> pixels) const override {
        require_readable(*this, index, pixels.size());
        ByteImage image = load_image(list_.items[index].path, static_cast<int>(shape_.channels));
        require_croppable(image, list_.items[index].path);
        crop_centre(resize_shorter_side(std::move(image), framing_.resize), framing_.height,
                    framing_.width, pixels);
    }
    [[nodiscard]] std::string describe() const override { return description_; }

private:
    /// A picture like a thread would become gigabytes when its shorter side grows.
    static void require_croppable(const ByteImage& image, const fs::path& path) {
        constexpr int max_ratio = 100;
        const auto [shorter, longer] = std::minmax({image.height, image.width});
        if (longer / shorter > max_ratio)
            fail(Fault::bad_input, "{}: is {} x {} pixels; sides may differ by a factor of {}",
                 path.string(), image.width, image.height, max_ratio);
    }

    ImageList list_;
    Framing framing_;
    Shape shape_;
    std::string description_;
};

/// The split's own folder, where `folder` has one for each split.
std::optional<fs::path> split_folder(const fs::path& folder, Split split) {
    if (!fs::is_directory(folder / "train")) return {};
    for (const char* test : {"test", "val"})
        if (fs::is_directory(folder / test))
            return folder / (split == Split::train ? "train" : test);
    return {};
}

}  // namespace

std::unique_ptr<Samples> open_image_folder(const fs::path& folder, const DataOptions& options) {
    const Framing frame = framing(options);
    const std::optional<fs::path> own = split_folder(folder, options.split);
    const fs::path place = own.value_or(folder);
    ImageList list = list_images(place);
    const std::size_t total = list.items.size();
    const std::size_t used = limited(total, options.limit);
    list.items.resize(used);
    const std::string name = own ? std::string("images ") + to_string(options.split) : "images";
    return std::make_unique<ImageFolderSamples>(std::move(list), frame,
                                                static_cast<int>(options.shape->channels),
                                                describe_set(name, place, used, total));
}

}  // namespace ranvier
