#include "ranvier/cli/shared_options.hpp"

#include "ranvier/base/parallel.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace ranvier {

namespace {

/// "WIDTHxHEIGHT", pixels.
void parse_size(const std::string& text, const char* option, int& width, int& height) {
    const char* end = text.data() + text.size();
    const auto x = std::from_chars(text.data(), end, width);
    const bool cross = x.ec == std::errc() && x.ptr != end && *x.ptr == 'x';
    const auto y = cross ? std::from_chars(x.ptr + 1, end, height) : x;
    if (!cross || y.ec != std::errc() || y.ptr != end || width < 1 || height < 1 ||
        width > 1 << 14 || height > 1 << 14)
        fail(Fault::usage, "{} is '{}'; expected WIDTHxHEIGHT in pixels, for instance 128x128",
             option, text);
}

CLI::Option* add_size(CLI::App& command, const char* option, int& width, int& height,
                      const std::string& help) {
    return command
        .add_option_function<std::string>(
            option,
            [option, &width, &height](const std::string& text) {
                parse_size(text, option, width, height);
            },
            help)
        ->type_name("WxH");
}

}  // namespace

void DataArguments::add_to(CLI::App& command, Split default_split, bool required) {
    split = name_of(default_split);
    command
        .add_option(
            "--data", set,
            "mnist, fashion-mnist, cifar10, cifar100, cifar10:FILE_OR_DIR, "
            "cifar100:FILE_OR_DIR, images:DIR, text:CORPUS (r8, r52, mr, ohsumed, 20ng), digits "
            "(drawn by the program); event recordings: nmnist, nmnist:DIR, mnist-dvs:DIR, "
            "events:DIR (one folder per class), moving-digits (simulated)")
        ->required(required)
        ->type_name("SET");
    command
        .add_option("--data-root", root, "Folder that holds MNIST/raw, cifar-10-batches-bin, ...")
        ->capture_default_str()
        ->type_name("DIR");
    command.add_option("--split", split, "Part of the set: train or test")
        ->check(CLI::IsMember(all_names<Split>()))
        ->capture_default_str()
        ->type_name("WORD");
    command
        .add_option("--resize", resize,
                    "images:DIR: shorter side before the centre is cropped, in pixels; 0: 8/7 of "
                    "the network's input")
        ->check(CLI::Range(0, 1 << 16))
        ->capture_default_str()
        ->type_name("N");
    add_choice(command, "--filter", filter,
               "What becomes of images first: inverted (1 - x), edges (gradient magnitude)");
    add_events_to(command);
}

void DataArguments::add_events_to(CLI::App& command) {
    const std::vector<CLI::Option*> options = {
        add_choice(command, "--polarity", frames.polarity,
                   "What counts: ignore (every event, as 1), on, off, two_channels (on and off "
                   "apart), signed (off as -1)"),
        command
            .add_option("--events", frames.events,
                        "A frame sums so many events; 0: so much time, see --window-us")
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str()
            ->type_name("N"),
        command
            .add_option("--window-us", frames.window_us,
                        "With --events 0: a frame sums so many microseconds; 0: the recording")
            ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000'000'000}))
            ->capture_default_str()
            ->type_name("N"),
        command
            .add_option("--bin-us", frames.bin_us,
                        "Microseconds of a timestep where events are replayed")
            ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}))
            ->capture_default_str()
            ->type_name("N"),
        command
            .add_option("--per-recording", frames.per_recording,
                        "Frames from each recording, from its start; 0: all")
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str()
            ->type_name("N"),
        add_size(command, "--crop", frames.crop_width, frames.crop_height,
                 "Only the middle of the sensor"),
        command
            .add_option("--downsample", frames.downsample,
                        "A frame's pixel sums a square of so many pixels' side; 0: 2 for mnist-dvs "
                        "and moving-digits, 1 for others")
            ->check(CLI::Range(0, 1 << 14))
            ->capture_default_str()
            ->type_name("N"),
        add_size(command, "--sensor", sensor_width, sensor_height,
                 "Pixels of the sensor, for recordings that do not say"),
    };
    for (CLI::Option* option : options) option->group("Event recordings");
    add_simulator_to(command);
}

void DataArguments::add_simulator_to(CLI::App& command) {
    const std::vector<CLI::Option*> options = {
        command
            .add_option("--simulated-threshold", simulator.threshold,
                        "moving-digits: change of the logarithm of intensity that makes an event")
            ->check(CLI::Range(0.01, 10.0)),
        command
            .add_option("--simulated-threshold-spread", simulator.threshold_spread,
                        "Its standard deviation from pixel to pixel")
            ->check(CLI::Range(0.0, 10.0)),
        command
            .add_option("--simulated-refractory-us", simulator.refractory_us,
                        "A pixel is blind for so many microseconds after its event")
            ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000'000})),
        command
            .add_option("--simulated-noise-hz", simulator.noise_hz,
                        "Events per pixel and second without any cause")
            ->check(CLI::Range(0.0, 1e6)),
    };
    for (CLI::Option* option : options)
        option->capture_default_str()->type_name("X")->group("Event recordings");
}

DataOptions DataArguments::options(std::size_t limit, std::uint64_t seed) const {
    DataOptions data;
    data.set = set;
    data.root = root;
    data.split = value_named<Split>(split, "--split");
    data.resize = resize;
    data.filter = filter;
    data.limit = limit;
    data.seed = seed;
    data.frames = frames;
    data.sensor_width = sensor_width;
    data.sensor_height = sensor_height;
    data.simulator = simulator;
    return data;
}

void RunArguments::add_threads(CLI::App& command) {
    command.add_option("--threads", threads, "Threads to use; 0: all cores")
        ->check(CLI::Range(0, 4096))
        ->capture_default_str()
        ->type_name("N");
}

void RunArguments::add_seed(CLI::App& command) {
    command.add_option("--seed", seed, "Names all that is random: the digits that are drawn, ...")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->type_name("N");
}

RunContext RunArguments::context(const CommandLine& line, Progress& progress,
                                 ProcessGroup& processes, const Launch& launch) const {
    const int n_threads = threads_of_each(threads, launch.local_size);
    return {seed, n_threads, line.text, &progress, &processes};
}

int threads_of_each(int threads, int n_processes) {
    if (threads > 0 || n_processes <= 1) return threads;
    return std::max(1, thread_count(0) / n_processes);
}

void print(const std::string& text) {
    const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!whole || std::fflush(stdout) != 0) fail(Fault::io, "standard output cannot be written");
}

}  // namespace ranvier
