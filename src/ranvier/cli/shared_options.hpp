#pragma once

#include "ranvier/cli/commands.hpp"
#include "ranvier/cli/terminal_progress.hpp"
#include "ranvier/data/dataset.hpp"
#include "ranvier/recipe/names.hpp"
#include "ranvier/recipe/stages.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

namespace ranvier {

/// --data, --data-root, --split, --resize, --filter and, for event recordings, --polarity,
/// --events, ...: what to read samples from.
struct DataArguments {
    std::string set;
    std::string root = "data";
    std::string split;
    int resize = 0;
    ImageFilter filter = ImageFilter::none;
    EventFrames frames;
    int sensor_width = 0;
    int sensor_height = 0;
    EventSensorOptions simulator;

    void add_to(CLI::App& command, Split default_split, bool required);
    [[nodiscard]] DataOptions options(std::size_t limit, std::uint64_t seed) const;

private:
    void add_events_to(CLI::App& command);
    void add_simulator_to(CLI::App& command);
};

/// --threads and --seed.
struct RunArguments {
    int threads = 0;
    std::uint64_t seed = 1;

    void add_threads(CLI::App& command);
    void add_seed(CLI::App& command);
    /// @param processes  the group of `launched`, if the command shares its work.
    [[nodiscard]] RunContext context(const CommandLine& line, Progress& progress,
                                     ProcessGroup& processes = single_process(),
                                     const Launch& launch = {}) const;
};

/// Of `threads` as given (0: all cores), those that each of `n_processes` on this machine gets.
[[nodiscard]] int threads_of_each(int threads, int n_processes);

/// An option whose value is one of an enum's names.
template <typename Enum>
CLI::Option* add_choice(CLI::App& command, const std::string& name, Enum& value,
                        const std::string& help) {
    return command
        .add_option_function<std::string>(
            name,
            [&value, name](const std::string& word) { value = value_named<Enum>(word, name); },
            help)
        ->check(CLI::IsMember(all_names<Enum>()))
        ->default_str(name_of(value))
        ->type_name("WORD");
}

/// Writes text to standard output, whole or not at all as far as that goes.
/// @throws Error(io) if it cannot be written.
void print(const std::string& text);

}  // namespace ranvier
