#include "ranvier/recipe/child_process.hpp"

#include "ranvier/base/error.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace ranvier {

namespace {

constexpr int cannot_start = 127;

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (std::string& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

std::vector<std::string> environment_with(const std::string& variable) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    std::vector<std::string> all = {variable};
    for (char** entry = environ; *entry != nullptr; ++entry)
        if (!std::string_view(*entry).starts_with(name)) all.emplace_back(*entry);
    return all;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& words, const std::filesystem::path& log,
                           const std::string& variable) {
    // All memory is taken here: between fork and exec only a few calls are allowed.
    std::vector<std::string> arguments = words, variables = environment_with(variable);
    const std::vector<char*> argv = pointers(arguments), envp = pointers(variables);
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (output < 0)
        fail(Fault::io, "{}: cannot be written: {}", log.string(),
             std::system_category().message(errno));
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(cannot_start);  // killed before it was asked for
        ::dup2(output, STDOUT_FILENO);
        ::dup2(output, STDERR_FILENO);
        ::execve(argv[0], argv.data(), envp.data());
        ::_exit(cannot_start);
    }
    const int error = errno;
    ::close(output);
    if (pid_ < 0)
        fail(Fault::io, "{}: cannot be started: {}", words[0],
             std::system_category().message(error));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

ChildProcess::~ChildProcess() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGTERM);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
}

std::optional<int> ChildProcess::exit_code() {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
    pid_ = -1;
    if (ended < 0) return cannot_start;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace ranvier
