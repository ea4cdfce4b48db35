#include "ranvier/base/launch.hpp"

#include "ranvier/base/error.hpp"

#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace ranvier {

namespace {

using Variable = std::function<std::string(const std::string&)>;

constexpr int max_processes = 1 << 20;

/// The names that one launcher uses.
struct Dialect {
    const char* launcher;
    const char* rank;
    const char* size;
    const char* local_rank;
    const char* local_size;
};

constexpr std::array<Dialect, 4> dialects = {
    {{"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
     {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
      "OMPI_COMM_WORLD_LOCAL_SIZE"},
     {"mpirun", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"},
     // Not SLURM_NTASKS: a batch script has it too, which is no process of a step.
     {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", ""}}};

/// @param fallback  for a variable that is not set; none: it must be.
int number(const Variable& variable, const char* name, int low, int high,
           std::optional<int> fallback = std::nullopt) {
    const std::string text = variable(name);
    if (text.empty() && fallback) return *fallback;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || value < low || value > high)
        fail(Fault::usage,
             "the environment variable {} is '{}'; allowed is {} to {}; RANVIER_LAUNCHER=none "
             "makes the program run alone",
             name, text, low, high);
    return value;
}

/// How many of the step's tasks are on this machine: the first count of "2(x3),1".
int slurm_local_size(const Variable& variable) {
    const std::string text = variable("SLURM_STEP_TASKS_PER_NODE");
    int value = 1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void find_process_0(const Variable& variable, const Dialect& dialect, Launch& launch) {
    const bool slurm = std::string(dialect.launcher) == "srun";
    launch.address = variable("MASTER_ADDR");
    if (launch.address.empty() && slurm) {
        const std::string step = variable("SLURM_STEP_NODELIST");
        launch.address = first_host(step.empty() ? variable("SLURM_JOB_NODELIST") : step);
    }
    if (launch.address.empty()) {
        if (launch.local_size != launch.size)
            fail(Fault::usage,
                 "{} started {} processes, {} of them on this machine, and MASTER_ADDR is not "
                 "set; set it to the address of the machine of process 0",
                 dialect.launcher, launch.size, launch.local_size);
        launch.address = "127.0.0.1";
    }
    const int job = slurm ? number(variable, "SLURM_JOB_ID", 0, 2147483647, 0) : 0;
    launch.port = number(variable, "MASTER_PORT", 1, 65535, 29500 + job % 1000);
    const std::string agent = variable("TORCHELASTIC_USE_AGENT_STORE");
    if (agent == "True" || agent == "1") launch.port = launch.port % 65535 + 1;
}

Launch read_dialect(const Variable& variable, const Dialect& dialect) {
    Launch launch;
    launch.size = number(variable, dialect.size, 1, max_processes);
    launch.rank = number(variable, dialect.rank, 0, launch.size - 1);
    launch.local_rank = number(variable, dialect.local_rank, 0, launch.size - 1, 0);
    launch.local_size = *dialect.local_size == '\0'
                            ? slurm_local_size(variable)
                            : number(variable, dialect.local_size, 1, launch.size, 1);
    // By hand, with RANK and WORLD_SIZE alone: all on this machine.
    const auto says = [&](const char* name) { return *name != '\0' && !variable(name).empty(); };
    if (std::string(dialect.rank) == "RANK" && !says(dialect.local_rank) &&
        !says(dialect.local_size) && !says("MASTER_ADDR")) {
        launch.local_rank = launch.rank;
        launch.local_size = launch.size;
    }
    if (launch.size > 1) find_process_0(variable, dialect, launch);
    return launch;
}

bool speaks(const Variable& variable, const Dialect& dialect) {
    return !variable(dialect.rank).empty() && !variable(dialect.size).empty();
}

/// srun --mpi=pmi2 sets PMI_RANK and PMI_SIZE too, but says where processes are in its own
/// variables alone. An mpirun inside a Slurm job sets MPI_LOCALRANKID; there the Slurm variables
/// are those of the step that started mpirun's helpers.
bool left_to_slurm(const Variable& variable, const Dialect& dialect) {
    return std::string(dialect.rank) == "PMI_RANK" && variable("MPI_LOCALRANKID").empty() &&
           speaks(variable, dialects.back());
}

}  // namespace

std::string first_host(const std::string& slurm_list) {
    const std::size_t bracket = slurm_list.find('[');
    const std::size_t comma = slurm_list.find(',');
    if (bracket == std::string::npos || comma < bracket) return slurm_list.substr(0, comma);
    const std::size_t end = slurm_list.find_first_of(",-]", bracket);
    const std::size_t close = slurm_list.find(']', bracket);
    if (close == std::string::npos) return {};
    const std::size_t suffix_end = slurm_list.find(',', close);
    return fmt::format(
        "{}{}{}", slurm_list.substr(0, bracket), slurm_list.substr(bracket + 1, end - bracket - 1),
        slurm_list.substr(close + 1, suffix_end == std::string::npos ? std::string::npos
                                                                     : suffix_end - close - 1));
}

Launch read_launch(const Variable& variable) {
    const std::string wish = variable("RANVIER_LAUNCHER");
    if (!wish.empty() && wish != "none")
        fail(Fault::usage,
             "the environment variable RANVIER_LAUNCHER is '{}'; allowed is 'none', which makes "
             "the program run alone",
             wish);
    Launch launch;
    if (wish.empty())
        for (const Dialect& dialect : dialects) {
            if (!speaks(variable, dialect) || left_to_slurm(variable, dialect)) continue;
            launch = read_dialect(variable, dialect);
            break;
        }
    launch.patience = std::chrono::seconds(number(variable, "RANVIER_PATIENCE", 5, 86400, 120));
    return launch;
}

Launch launch_from_environment() {
    return read_launch([](const std::string& name) {
        const char* value = std::getenv(name.c_str());
        return std::string(value == nullptr ? "" : value);
    });
}

}  // namespace ranvier
