#include "ranvier/cli/program.hpp"

#include "ranvier/cli/commands.hpp"
#include "ranvier/cli/shared_options.hpp"
#include "ranvier/cli/terminal_progress.hpp"
#include "ranvier/kernels/isa.hpp"
#include "ranvier/recipe/names.hpp"
#include "ranvier/recipe/version.hpp"
#include "ranvier/report/table.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <fmt/ranges.h>
#include <new>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace ranvier {

namespace {

constexpr int exit_usage = 2;
constexpr int exit_internal = 70;
constexpr int exit_interrupted = 130;

int exit_code(Fault fault) {
    switch (fault) {
        case Fault::usage:
            return exit_usage;
        case Fault::bad_input:
            return 3;
        case Fault::unsupported:
            return 4;
        case Fault::io:
            return 5;
        case Fault::internal:
            return exit_internal;
    }
    return exit_internal;
}

int report(int code, const std::string& message) {
    tell(fmt::format("ranvier: error: {}\n", printable(message)));
    return code;
}

/// A file that is opened next must not get the number of a standard one that is closed, and with it
/// the messages. As before, these cannot be used: they are opened for the other direction.
void occupy_standard_descriptors() {
    for (const auto& [number, mode] :
         {std::pair(STDIN_FILENO, O_WRONLY), {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_RDONLY}})
        if (::fcntl(number, F_GETFD) < 0 && ::open("/dev/null", mode) < 0) return;
}

/// The program and its arguments as typed: one line that a shell reads back as the same words.
std::string typed(int argc, const char* const* argv) {
    std::string line;
    for (int i = 0; i < argc; ++i) {
        const std::string word = argv[i];
        const bool plain = !word.empty() &&
                           word.find_first_of(" \t\n\"'\\$`*?;&|<>()[]{}!#~") == std::string::npos;
        std::string quoted = word;
        for (std::size_t at = quoted.find('\''); at != std::string::npos;
             at = quoted.find('\'', at + 4))
            quoted.replace(at, 1, "'\\''");
        if (i > 0) line += ' ';
        line += plain ? word : fmt::format("'{}'", quoted);
    }
    return line;
}

std::vector<std::string> command_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    return names;
}

void require_known_command(const CLI::App& app, int argc, const char* const* argv) {
    if (argc < 2)
        fail(Fault::usage, "no command given; known: {}; see ranvier --help",
             fmt::join(command_names(app), ", "));
    const std::string word = argv[1];
    if (word.starts_with('-')) return;
    const std::vector<std::string> names = command_names(app);
    if (std::ranges::find(names, word) == names.end())
        fail(Fault::usage, "there is no command '{}'{}", word, suggestion(word, names));
}

/// Names the option nearest to one that does not exist.
std::string extras_message(const CLI::App& app, const CLI::ExtrasError& error) {
    std::vector<std::string> known;
    for (const CLI::App* command : app.get_subcommands())
        for (const CLI::Option* option : command->get_options())
            for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    for (const CLI::App* command : app.get_subcommands())
        for (const std::string& word : command->remaining()) {
            const std::string name = word.substr(0, word.find('='));
            if (name.starts_with("-"))
                return fmt::format("there is no option '{}'{}", name, suggestion(name, known));
            return fmt::format("'{}' is one argument too many", word);
        }
    return error.what();
}

/// What --help and --version say.
int show(const CLI::App& app, const CLI::Success& wish) {
    std::ostringstream text;
    const int code = app.exit(wish, text, text);
    try {
        print(text.str());
        return code;
    } catch (const Error& error) {
        return report(exit_code(error.fault()), error.what());
    }
}

int parse_and_run(CLI::App& app, int argc, const char* const* argv) {
    try {
        use_isa_from_environment();
        require_known_command(app, argc, argv);
        app.parse(argc, argv);
        return 0;
    } catch (const CLI::Success& wish) {  // --help, --version
        return show(app, wish);
    } catch (const CLI::ExtrasError& error) {
        return report(exit_usage, extras_message(app, error));
    } catch (const CLI::ParseError& error) {
        return report(exit_usage, error.what());
    } catch (const Error& error) {
        if (interrupted()) throw Interrupted{};  // for instance one that other processes noticed
        return report(exit_code(error.fault()), error.what());
    } catch (const std::filesystem::filesystem_error& error) {  // a name too long, no permission
        return report(exit_code(Fault::io),
                      fmt::format("{}: {}", error.path1().string(), error.code().message()));
    }
}

}  // namespace

int run_program(int argc, const char* const* argv) noexcept {
    try {
        occupy_standard_descriptors();
        catch_interrupts();
        std::signal(SIGXFSZ, SIG_IGN);  // a file above the limit is an error like a full disk
        const CommandLine line{typed(argc, argv)};
        CLI::App app(
            "Turns trained ReLU networks into spiking networks and measures what was gained",
            "ranvier");
        app.set_version_flag(
            "--version", "ranvier " + program_version() + " (" + versions().at("revision") + ")");
        app.require_subcommand(1);
        for (const auto add :
             {add_import, add_info, add_convert, add_evaluate, add_attack, add_stream, add_run,
              add_sweep, add_stdp, add_report, add_demo, add_export})
            add(app, line);
        app.footer(
            "Exit codes: 0 ok, 2 usage, 3 bad input, 4 unsupported, 5 input/output, 70 "
            "internal, 130 interrupted.\nMore about a command: ranvier COMMAND --help");
        return parse_and_run(app, argc, argv);
    } catch (const Interrupted&) {
        return report(exit_interrupted, "interrupted");
    } catch (const std::bad_alloc&) {
        return report(exit_internal, "out of memory");
    } catch (const std::exception& error) {
        return report(exit_internal, std::string("internal: ") + error.what());
    } catch (...) {
        return report(exit_internal, "internal: an error of unknown type");
    }
}

}  // namespace ranvier
