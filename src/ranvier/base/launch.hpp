#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace ranvier {

/// What a launcher (torchrun, mpirun, srun) told this process about the group it belongs to.
struct Launch {
    int rank = 0;
    int size = 1;
    int local_rank = 0;  ///< among the processes of this machine
    int local_size = 1;  ///< processes on this machine; 1 if the launcher does not say
    std::string address = "127.0.0.1";  ///< of process 0
    int port = 29500;                   ///< of process 0
    /// A process that was not heard of for so long is lost.
    std::chrono::seconds patience{120};
};

/// Reads the launcher's environment variables; a process without them is a group of one. The first
/// that is complete counts:
///
///     torchrun    RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE
///     mpirun      OMPI_COMM_WORLD_RANK, _SIZE, _LOCAL_RANK, _LOCAL_SIZE (Open MPI),
///                 PMI_RANK, PMI_SIZE, MPI_LOCALRANKID, MPI_LOCALNRANKS (MPICH, Intel MPI)
///     srun        SLURM_PROCID, SLURM_STEP_NUM_TASKS, SLURM_LOCALID
///
/// PMI_* without MPI_LOCALRANKID are left out where those of srun are complete, which sets both
/// with --mpi=pmi2.
///
/// MASTER_ADDR and MASTER_PORT say where process 0 listens. Without them: under srun the first host
/// of the step and a port made of the job's number; else 127.0.0.1 (only if all processes are on
/// this machine) and 29500. Where torchrun's agent itself listens at MASTER_PORT
/// (TORCHELASTIC_USE_AGENT_STORE), the port above it is used.
///
/// RANVIER_LAUNCHER=none makes it a group of one whatever else is set; RANVIER_PATIENCE is
/// `patience` in seconds, 5 to 86400.
/// @param variable  the value of an environment variable, "" if it is not set.
/// @throws Error(usage) naming the variable that is missing or has an unusable value.
[[nodiscard]] Launch read_launch(const std::function<std::string(const std::string&)>& variable);

/// The same from this process's environment.
[[nodiscard]] Launch launch_from_environment();

/// The first of the hosts that Slurm writes as "node[03-07,12],other": "node03".
[[nodiscard]] std::string first_host(const std::string& slurm_list);

}  // namespace ranvier
