#pragma once

#include <string>

namespace CLI {
class App;
}

namespace ranvier {

/// What a command is told besides its own options.
struct CommandLine {
    std::string text;  ///< as typed, for results
};

/// Each adds one subcommand: its options, its help and what it does. A command throws
/// ranvier::Error; main turns it into a message and an exit code. `line` must outlive `app`.
void add_import(CLI::App& app, const CommandLine& line);
void add_info(CLI::App& app, const CommandLine& line);
void add_convert(CLI::App& app, const CommandLine& line);
void add_evaluate(CLI::App& app, const CommandLine& line);
void add_attack(CLI::App& app, const CommandLine& line);
void add_stream(CLI::App& app, const CommandLine& line);
void add_run(CLI::App& app, const CommandLine& line);
void add_sweep(CLI::App& app, const CommandLine& line);
void add_stdp(CLI::App& app, const CommandLine& line);
void add_report(CLI::App& app, const CommandLine& line);
void add_demo(CLI::App& app, const CommandLine& line);
void add_export(CLI::App& app, const CommandLine& line);

}  // namespace ranvier
