#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ranvier {

/// Another program at work. It ends with us, however we end: by SIGTERM when this object goes, by
/// SIGKILL if we are killed.
class ChildProcess {
public:
    /// @param words  program (a path) and its arguments.
    /// @param log    receives its standard output and standard error; replaced.
    /// @param variable  "NAME=VALUE", put into its environment.
    /// @throws Error(io).
    ChildProcess(const std::vector<std::string>& words, const std::filesystem::path& log,
                 const std::string& variable);
    ~ChildProcess();
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;

    /// Its exit code once it has ended, 128 + signal if a signal ended it, as a shell says.
    [[nodiscard]] std::optional<int> exit_code();

private:
    pid_t pid_ = -1;  ///< -1: ended, or none
};

}  // namespace ranvier
