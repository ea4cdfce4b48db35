#pragma once

#include <fmt/format.h>
#include <stdexcept>
#include <string>
#include <utility>

namespace ranvier {

/// What kind of thing went wrong; the command line turns it into its exit code.
enum class Fault {
    usage,        ///< an option or argument cannot be used (exit code 2)
    bad_input,    ///< a file or value is wrong (exit code 3)
    unsupported,  ///< valid, but not something this program can do (exit code 4)
    io,           ///< the operating system refused to read or write (exit code 5)
    internal,     ///< a defect of this program (exit code 70)
};

/// The only exception the library throws on purpose. The message says where, what was found,
/// what is allowed and what to do about it, in one line.
class Error : public std::runtime_error {
public:
    Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
    [[nodiscard]] Fault fault() const noexcept { return fault_; }

private:
    Fault fault_;
};

/// Throws Error with a formatted message.
template <typename... Args>
[[noreturn]] void fail(Fault fault, fmt::format_string<Args...> format, Args&&... args) {
    throw Error(fault, fmt::format(format, std::forward<Args>(args)...));
}

/// Runs `work`; an Error from it is thrown again with `where` put before its message.
template <typename Work>
decltype(auto) with_context(const std::string& where, Work&& work) {
    try {
        return std::forward<Work>(work)();
    } catch (const Error& error) {
        throw Error(error.fault(), where + ": " + error.what());
    }
}

}  // namespace ranvier
