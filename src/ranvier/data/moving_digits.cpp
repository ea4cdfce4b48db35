#include "ranvier/data/moving_digits.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/description.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace ranvier {

namespace {

constexpr std::size_t side = 28;         ///< of the images
constexpr float scale = 4;               ///< sensor pixels to one of the image
constexpr float paper = 0.1F;            ///< intensity, of the ink's
constexpr std::uint64_t step_us = 2000;  ///< the digit moves at most a fifth of a pixel in it
constexpr std::uint64_t duration_us = 1'000'000;

/// The logarithm of intensity over ink, which is looked up: 4096 steps of ink, each a hundredth of
/// a threshold or less.
class LogIntensity {
public:
    LogIntensity() {
        for (std::size_t i = 0; i < table_.size(); ++i)
            table_[i] = std::log(paper + (1 - paper) * static_cast<float>(i) /
                                             static_cast<float>(table_.size() - 1));
    }
    /// @param ink  in [0, 1].
    [[nodiscard]] float operator()(float ink) const {
        return table_[static_cast<std::size_t>(ink * static_cast<float>(table_.size() - 1) + 0.5F)];
    }

private:
    std::array<float, 4097> table_{};
};

/// Where the middle of the image is, sensor pixels.
struct Motion {
    float middle_x, middle_y, radius, turns_per_second, phase;

    Motion(const EventSensorOptions& sensor, Random& random)
        : middle_x(0.5F * static_cast<float>(sensor.width) + random.uniform(-4, 4)),
          middle_y(0.5F * static_cast<float>(sensor.height) + random.uniform(-4, 4)),
          radius(random.uniform(4, 8)),
          turns_per_second(random.uniform(1, 2) * (random.below(2) == 0 ? 1.0F : -1.0F)),
          phase(random.uniform()) {}

    [[nodiscard]] std::array<float, 2> at(std::uint64_t t_us) const {
        const float turns = phase + turns_per_second * 1e-6F * static_cast<float>(t_us);
        const float angle = 2 * std::numbers::pi_v<float> * turns;
        return {middle_x + radius * std::cos(angle), middle_y + radius * std::sin(angle)};
    }
};

/// The image's rows and columns between which each of a sensor's rows or columns lies.
struct Between {
    std::size_t first = 0;  ///< of an image with a margin of one pixel on all sides
    float share = 0;        ///< of the next one
};

std::vector<Between> project(int n, float middle) {
    std::vector<Between> places;
    for (int i = 0; i < n; ++i) {
        const float offset = (static_cast<float>(i) + 0.5F - middle) / scale;
        const float at = offset + 0.5F * static_cast<float>(side) + 0.5F;  // margin and centres
        const float inside = std::clamp(at, 0.0F, static_cast<float>(side) + 0.999F);
        const auto first = static_cast<std::size_t>(inside);
        places.push_back({first, inside - static_cast<float>(first)});
    }
    return places;
}

/// The image with blank margins, seen by the sensor with its middle at `middle`.
class Scene {
public:
    Scene(std::span<const float> image, const EventSensorOptions& sensor)
        : sensor_(sensor),
          ink_(stride * stride),
          seen_(static_cast<std::size_t>(sensor.width) * static_cast<std::size_t>(sensor.height)) {
        for (std::size_t y = 0; y < side; ++y)
            for (std::size_t x = 0; x < side; ++x) {
                const float ink = std::clamp(image[y * side + x], 0.0F, 1.0F);
                ink_[(y + 1) * stride + x + 1] = ink;
                if (ink == 0) continue;
                top_ = std::min(top_, y + 1);
                bottom_ = y + 1;
            }
    }
    /// [height][width] logarithm of intensity.
    [[nodiscard]] std::span<const float> look(const std::array<float, 2>& middle) {
        static const LogIntensity log_intensity;
        const float blank = log_intensity(0);
        const std::vector<Between> columns = project(sensor_.width, middle[0]);
        const auto inked = [&](const Between& at) {
            return at.first + 1 >= top_ && at.first <= bottom_;
        };
        auto out = seen_.begin();
        for (const Between& y : project(sensor_.height, middle[1])) {
            if (!inked(y)) {
                out = std::fill_n(out, columns.size(), blank);
                continue;
            }
            const float* above = ink_.data() + y.first * stride;
            const float* below = above + stride;
            for (const Between& x : columns) {
                const float top = above[x.first] + x.share * (above[x.first + 1] - above[x.first]);
                const float bottom =
                    below[x.first] + x.share * (below[x.first + 1] - below[x.first]);
                *out++ = log_intensity(top + y.share * (bottom - top));
            }
        }
        return seen_;
    }

private:
    static constexpr std::size_t stride = side + 2;
    const EventSensorOptions& sensor_;
    std::vector<float> ink_;                 ///< [stride][stride]
    std::size_t top_ = stride, bottom_ = 0;  ///< rows of it with any ink
    std::vector<float> seen_;                ///< [height][width]
};

}  // namespace

MovingDigits::MovingDigits(std::unique_ptr<const Samples> images, std::uint64_t seed, Split split,
                           const EventSensorOptions& sensor)
    : images_(std::move(images)), seed_(seed), split_(split), sensor_(sensor) {
    (void)EventSensor(sensor_, Random(seed, 0));  // can it be?
}

EventRecording MovingDigits::record(std::size_t i, std::size_t enough) const {
    // Two streams of random numbers to a recording; the built-in digits use others (digits.cpp).
    constexpr std::uint64_t mine = std::uint64_t{1} << 60;
    const std::uint64_t stream =
        mine | (split_ == Split::test ? mine << 1 : 0) | std::uint64_t{i} << 1;
    Random drawn(seed_, stream);
    const Motion motion(sensor_, drawn);
    std::vector<float> image(side * side);
    images_->read(i, image);
    Scene scene(image, sensor_);
    EventSensor sensor(sensor_, Random(seed_, stream | 1));
    sensor.begin(scene.look(motion.at(0)));

    EventRecording recording;
    recording.format = "simulated";
    recording.width = sensor_.width;
    recording.height = sensor_.height;
    for (std::uint64_t t = step_us; t <= duration_us; t += step_us) {
        sensor.advance(t, scene.look(motion.at(t)), recording.events);
        if (enough > 0 && recording.events.size() >= enough) break;
    }
    return recording;
}

std::string MovingDigits::name(std::size_t i) const {
    return fmt::format("moving-digits, recording {}", i);
}

std::string MovingDigits::describe() const {
    const EventSensorOptions usual;
    std::string sensor;
    if (sensor_ != usual)
        sensor = fmt::format(
            " (threshold {:g} +- {:g}, refractory time {} us, {:g} noise events per pixel and "
            "second)",
            sensor_.threshold, sensor_.threshold_spread, sensor_.refractory_us, sensor_.noise_hz);
    return fmt::format("moving-digits {}, simulated with seed {}{} from {}", to_string(split_),
                       seed_, sensor, images_->describe());
}

std::unique_ptr<Samples> open_moving_digits(const std::optional<std::string>& images,
                                            const DataOptions& options) {
    DataOptions source = options;
    source.shape.reset();
    source.simulator = {};
    if (options.frames.per_recording != 1) source.limit = 0;
    source.set = images.value_or(
        std::filesystem::is_directory(options.root / "MNIST/raw") ? "mnist" : "digits");
    if (source.set != "mnist" && source.set != "digits")
        fail(Fault::usage,
             "data set 'moving-digits:{}' is not known; known are moving-digits, "
             "moving-digits:mnist and moving-digits:digits",
             source.set);
    EventFrames frames = options.frames;
    if (frames.downsample == 0) frames.downsample = 2;
    return std::make_unique<EventSamples>(
        std::make_unique<MovingDigits>(open_dataset(source), options.seed, options.split,
                                       options.simulator),
        frames, options.limit);
}

}  // namespace ranvier
