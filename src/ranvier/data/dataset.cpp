#include "ranvier/data/dataset.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/cifar.hpp"
#include "ranvier/data/digits.hpp"
#include "ranvier/data/event_folder.hpp"
#include "ranvier/data/idx.hpp"
#include "ranvier/data/image_folder.hpp"
#include "ranvier/data/moving_digits.hpp"
#include "ranvier/data/text_samples.hpp"

namespace ranvier {

namespace {

constexpr const char* known_sets =
    "mnist, fashion-mnist, cifar10, cifar100, cifar10:FILE_OR_DIR, cifar100:FILE_OR_DIR, "
    "images:DIR, digits, text:r8, text:r52, text:mr, text:ohsumed, text:20ng, nmnist, nmnist:DIR, "
    "mnist-dvs:DIR, events:DIR, moving-digits, moving-digits:mnist, moving-digits:digits";

/// "cifar10:some/folder" -> name and place.
struct SetName {
    std::string name;
    std::optional<std::filesystem::path> place;
};

SetName parse_set(const std::string& set) {
    const std::size_t colon = set.find(':');
    if (colon == std::string::npos) return {set, std::nullopt};
    if (colon + 1 == set.size())
        fail(Fault::usage, "data set '{}': nothing stands behind the colon; known are {}", set,
             known_sets);
    return {set.substr(0, colon), set.substr(colon + 1)};
}

const IdxSet& mnist() {
    static const IdxSet set{"mnist", "MNIST/raw", "http://yann.lecun.com/exdb/mnist"};
    return set;
}

const IdxSet& fashion_mnist() {
    static const IdxSet set{"fashion-mnist", "FashionMNIST/raw",
                            "https://github.com/zalandoresearch/fashion-mnist"};
    return set;
}

std::optional<std::string> word(const std::optional<std::filesystem::path>& place) {
    return place ? std::optional(place->string()) : std::nullopt;
}

std::unique_ptr<Samples> open_named(const SetName& set, const DataOptions& options) {
    const auto without_place = [&](auto open) -> std::unique_ptr<Samples> {
        if (set.place)
            fail(Fault::usage, "data set '{}' takes no path; name its folder with --data-root",
                 set.name);
        return open();
    };
    if (set.name == "mnist") return without_place([&] { return open_idx_set(mnist(), options); });
    if (set.name == "fashion-mnist")
        return without_place([&] { return open_idx_set(fashion_mnist(), options); });
    if (set.name == "digits") return without_place([&] { return open_digits(options); });
    if (set.name == "cifar10") return open_cifar(cifar10(), set.place, options);
    if (set.name == "cifar100") return open_cifar(cifar100(), set.place, options);
    if (set.name == "images" && set.place) return open_image_folder(*set.place, options);
    if (set.name == "text" && set.place) return open_text_samples(set.place->string(), options);
    if (set.name == "nmnist") return open_nmnist(set.place, options);
    if (set.name == "events" && set.place) return open_event_folder(*set.place, options);
    if (set.name == "mnist-dvs" && set.place) return open_mnist_dvs(*set.place, options);
    if (set.name == "moving-digits") return open_moving_digits(word(set.place), options);
    fail(Fault::usage, "data set '{}' is not known; known are {}", options.set, known_sets);
}

}  // namespace

std::unique_ptr<Samples> open_dataset(const DataOptions& options) {
    const SetName set = parse_set(options.set);
    if (set.name != "moving-digits" && options.simulator != EventSensorOptions{})
        fail(
            Fault::usage,
            "data set '{}' is not simulated; threshold, refractory time and noise of the simulated "
            "sensor (--simulated-threshold, ...) belong to moving-digits",
            options.set);
    auto samples = open_named(set, options);
    if (samples->size() == 0) fail(Fault::bad_input, "data set {}: holds no samples", options.set);
    if (options.shape && samples->shape() != *options.shape)
        fail(Fault::bad_input,
             "data set {} has samples of {}, but the network takes {}; use the data that it was "
             "trained on",
             options.set, to_string(samples->shape()), to_string(*options.shape));
    if (options.filter == ImageFilter::none) return samples;
    return std::make_unique<FilteredSamples>(std::move(samples), options.filter);
}

}  // namespace ranvier
