#include "ranvier/data/event_folder.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/data/description.hpp"

#include <algorithm>
#include <functional>
#include <sstream>

namespace ranvier {

namespace fs = std::filesystem;

namespace {

using Paths = std::vector<fs::path>;

struct Item {
    fs::path path;
    int label = 0;
};

class RecordingFiles : public EventSource {
public:
    struct Content {
        std::vector<Item> items;
        int n_classes = 0;
        int width = 0, height = 0;
        std::string description;
    };
    explicit RecordingFiles(Content content) : content_(std::move(content)) {}

    [[nodiscard]] std::size_t size() const override { return content_.items.size(); }
    [[nodiscard]] int n_classes() const override { return content_.n_classes; }
    [[nodiscard]] int label(std::size_t i) const override { return content_.items[i].label; }
    [[nodiscard]] EventRecording record(std::size_t i, std::size_t) const override {
        return read_events(content_.items[i].path, {content_.width, content_.height});
    }
    [[nodiscard]] std::string name(std::size_t i) const override {
        return content_.items[i].path.string();
    }
    [[nodiscard]] int width() const override { return content_.width; }
    [[nodiscard]] int height() const override { return content_.height; }
    [[nodiscard]] std::string describe() const override { return content_.description; }

private:
    Content content_;
};

/// What `list` finds, by name.
/// @throws Error(io) instead of the file system's own errors.
template <typename List>
Paths sorted(const fs::path& folder, List&& list) {
    Paths paths;
    try {
        list(paths);
    } catch (const fs::filesystem_error& error) {
        fail(Fault::io, "events: {} cannot be read: {}", folder.string(), error.code().message());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

/// What lies in a folder, by name, hidden things left out.
Paths sorted_entries(const fs::path& folder, const std::function<bool(const fs::path&)>& wanted) {
    if (!fs::is_directory(folder))
        fail(Fault::io, "events: {} is not a folder; a folder of recordings was expected",
             folder.string());
    return sorted(folder, [&](Paths& paths) {
        for (const auto& entry : fs::directory_iterator(folder))
            if (entry.path().filename().string()[0] != '.' && wanted(entry.path()))
                paths.push_back(entry.path());
    });
}

Paths recordings_below(const fs::path& folder) {
    return sorted(folder, [&](Paths& paths) {
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (entry.is_regular_file() && is_recording(entry.path()))
                paths.push_back(entry.path());
    });
}

/// [class] recordings.
using Classes = std::vector<Paths>;

Classes list_classes(const fs::path& folder) {
    Classes classes;
    for (const fs::path& place :
         sorted_entries(folder, [](const fs::path& path) { return fs::is_directory(path); })) {
        classes.push_back(recordings_below(place));
        if (classes.back().empty())
            fail(Fault::bad_input,
                 "{}: is a class folder without recordings (.aedat, .aedat4, .bin, .bs2, .dat, "
                 ".raw, .es)",
                 place.string());
    }
    if (classes.empty())
        fail(Fault::bad_input, "{}: holds no folders; one folder per class was expected",
             folder.string());
    return classes;
}

/// The first of each class, then the second of each, ...
std::vector<Item> interleave(const Classes& classes) {
    std::vector<Item> items;
    bool more = true;
    for (std::size_t turn = 0; more; ++turn) {
        more = false;
        for (std::size_t label = 0; label < classes.size(); ++label) {
            if (turn >= classes[label].size()) continue;
            items.push_back({classes[label][turn], static_cast<int>(label)});
            more = true;
        }
    }
    return items;
}

/// The split's own folder, where there is one for each.
std::optional<fs::path> split_folder(const fs::path& folder, Split split) {
    for (const auto& [train, test] : {std::pair("train", "test"), std::pair("Train", "Test")})
        if (fs::is_directory(folder / train) && fs::is_directory(folder / test))
            return folder / (split == Split::train ? train : test);
    return {};
}

/// Every fifth of a class is for testing.
void keep_split(Classes& classes, Split split, const fs::path& folder) {
    constexpr std::size_t one_in = 5;
    for (Paths& paths : classes) {
        Paths kept;
        for (std::size_t i = 0; i < paths.size(); ++i)
            if ((i % one_in == one_in - 1) == (split == Split::test)) kept.push_back(paths[i]);
        paths = std::move(kept);
    }
    if (std::all_of(classes.begin(), classes.end(), [](const Paths& p) { return p.empty(); }))
        fail(Fault::bad_input,
             "{}: no class has {} recordings, of which every fifth is for testing; put them into "
             "folders train and test instead",
             folder.string(), one_in);
}

void keep_scale_16(Classes& classes) {
    const auto scaled = [](const fs::path& path) {
        return path.string().find("scale16") != std::string::npos;
    };
    for (Paths& paths : classes)
        if (std::any_of(paths.begin(), paths.end(), scaled))
            paths.erase(std::remove_if(paths.begin(), paths.end(), std::not_fn(scaled)),
                        paths.end());
}

/// From the first recording, or as the user says where it does not.
void find_sensor(RecordingFiles::Content& content, const DataOptions& options) {
    const std::string first = content.items[0].path.string();
    const EventRecording recording = read_events(first);
    content.width = recording.width;
    content.height = recording.height;
    if (content.width == 0) {
        content.width = options.sensor_width;
        content.height = options.sensor_height;
    }
    if (content.width == 0)
        fail(Fault::usage,
             "{}: the file does not say how large the sensor is; say it with --sensor WIDTHxHEIGHT "
             "(in a recipe sensor = [width, height])",
             first);
}

std::unique_ptr<Samples> open_classes(const std::string& name, const fs::path& folder,
                                      Classes classes, const DataOptions& options,
                                      const EventFrames& frames) {
    RecordingFiles::Content content;
    content.n_classes = static_cast<int>(classes.size());
    content.items = interleave(classes);
    content.description = fmt::format("{} {}, {}, {} recordings", name, to_string(options.split),
                                      folder.string(), content.items.size());
    find_sensor(content, options);
    return std::make_unique<EventSamples>(std::make_unique<RecordingFiles>(std::move(content)),
                                          frames, options.limit);
}

Classes classes_of_split(const fs::path& folder, Split split,
                         const std::function<void(Classes&)>& choose) {
    if (const auto own = split_folder(folder, split)) {
        Classes classes = list_classes(*own);
        choose(classes);
        return classes;
    }
    Classes classes = list_classes(folder);
    choose(classes);
    keep_split(classes, split, folder);
    return classes;
}

}  // namespace

std::unique_ptr<Samples> open_event_folder(const fs::path& folder, const DataOptions& options) {
    return open_classes("events", folder, classes_of_split(folder, options.split, [](Classes&) {}),
                        options, options.frames);
}

std::unique_ptr<Samples> open_mnist_dvs(const fs::path& folder, const DataOptions& options) {
    EventFrames frames = options.frames;
    if (frames.downsample == 0) frames.downsample = 2;
    return open_classes("mnist-dvs", folder, classes_of_split(folder, options.split, keep_scale_16),
                        options, frames);
}

namespace {

constexpr int n_digits = 10;

std::vector<Item> read_list(const fs::path& list) {
    std::istringstream lines(read_file(list, 64 << 20));
    std::vector<Item> items;
    std::string line;
    for (std::size_t n = 1; std::getline(lines, line); ++n) {
        if (line.empty() || line[0] == '#' || line == "\r") continue;
        std::istringstream words(line);
        std::uint64_t number = 0;
        int label = -1;
        if (!(words >> number >> label) || label < 0 || label >= n_digits)
            fail(Fault::bad_input, "{}:{}: '{}'; expected a number and a class of 0 to {}",
                 list.string(), n, line.substr(0, 40), n_digits - 1);
        items.push_back({list.parent_path() / fmt::format("{}.bs2", number), label});
    }
    if (items.empty()) fail(Fault::bad_input, "{}: lists no recordings", list.string());
    return items;
}

/// train*.txt or test*.txt.
std::optional<fs::path> list_file(const fs::path& folder, Split split) {
    const Paths lists = sorted_entries(folder, [&](const fs::path& path) {
        return path.extension() == ".txt" && path.filename().string().starts_with(to_string(split));
    });
    if (lists.size() > 1)
        fail(Fault::bad_input, "{}: holds {} and {}; one list of {} recordings was expected",
             folder.string(), lists[0].filename().string(), lists[1].filename().string(),
             to_string(split));
    return lists.empty() ? std::nullopt : std::optional(lists[0]);
}

fs::path nmnist_folder(const std::optional<fs::path>& place, const DataOptions& options) {
    if (place) return *place;
    for (const char* name : {"NMNIST", "N-MNIST", "nmnist-small"})
        if (fs::is_directory(options.root / name)) return options.root / name;
    fail(Fault::io,
         "nmnist: {} holds none of NMNIST, N-MNIST and nmnist-small; --data-root must name the "
         "folder that holds NMNIST/Train and NMNIST/Test (the files are at "
         "https://www.garrickorchard.com/datasets/n-mnist), or name it as nmnist:DIR",
         options.root.string());
}

}  // namespace

std::unique_ptr<Samples> open_nmnist(const std::optional<fs::path>& place,
                                     const DataOptions& options) {
    const fs::path folder = nmnist_folder(place, options);
    RecordingFiles::Content content;
    content.n_classes = n_digits;
    if (const auto own = split_folder(folder, options.split)) {
        const Classes classes = list_classes(*own);
        if (classes.size() != n_digits)
            fail(Fault::bad_input, "{}: holds {} class folders; N-MNIST has {}", own->string(),
                 classes.size(), n_digits);
        content.items = interleave(classes);
    } else if (const auto list = list_file(folder, options.split)) {
        content.items = read_list(*list);
    } else {
        fail(Fault::io,
             "{}: holds neither folders Train and Test nor a list {}*.txt; one of these was "
             "expected",
             folder.string(), to_string(options.split));
    }
    content.width = content.height = 34;
    content.description = fmt::format("nmnist {}, {}, {} recordings", to_string(options.split),
                                      folder.string(), content.items.size());
    return std::make_unique<EventSamples>(std::make_unique<RecordingFiles>(std::move(content)),
                                          options.frames, options.limit);
}

}  // namespace ranvier
