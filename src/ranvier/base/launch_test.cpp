#include "ranvier/base/launch.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/process_group.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <map>

namespace ranvier {
namespace {

using Environment = std::map<std::string, std::string>;

Launch read(const Environment& environment) {
    return read_launch([&](const std::string& name) {
        const auto found = environment.find(name);
        return found == environment.end() ? std::string() : found->second;
    });
}

std::string refusal(const Environment& environment) {
    try {
        (void)read(environment);
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::usage);
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

TEST(Launch, AProcessWithoutALauncherIsAlone) {
    EXPECT_EQ(read({}).size, 1);
    EXPECT_EQ(read({{"RANK", "3"}}).size, 1);  // half of what torchrun sets
    EXPECT_EQ(read({}).patience.count(), 120);
}

TEST(Launch, Torchrun) {
    const Environment given = {{"RANK", "3"},           {"WORLD_SIZE", "4"},
                               {"LOCAL_RANK", "1"},     {"LOCAL_WORLD_SIZE", "2"},
                               {"MASTER_ADDR", "head"}, {"MASTER_PORT", "4000"}};
    const Launch launch = read(given);
    EXPECT_EQ(launch.rank, 3);
    EXPECT_EQ(launch.size, 4);
    EXPECT_EQ(launch.local_rank, 1);
    EXPECT_EQ(launch.local_size, 2);
    EXPECT_EQ(launch.address, "head");
    EXPECT_EQ(launch.port, 4000);
    Environment agent = given;
    agent["TORCHELASTIC_USE_AGENT_STORE"] = "True";
    EXPECT_EQ(read(agent).port, 4001);
    agent["TORCHELASTIC_USE_AGENT_STORE"] = "False";
    EXPECT_EQ(read(agent).port, 4000);
}

TEST(Launch, ByHandAllAreOnThisMachine) {
    const Launch launch = read({{"RANK", "1"}, {"WORLD_SIZE", "2"}});
    EXPECT_EQ(launch.local_rank, 1);
    EXPECT_EQ(launch.local_size, 2);
    EXPECT_EQ(launch.address, "127.0.0.1");
    const Launch far = read({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "head"}});
    EXPECT_EQ(far.local_size, 1);
}

TEST(Launch, OpenMpiAndMpich) {
    const Launch open = read({{"OMPI_COMM_WORLD_RANK", "1"},
                              {"OMPI_COMM_WORLD_SIZE", "2"},
                              {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                              {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}});
    EXPECT_EQ(open.rank, 1);
    EXPECT_EQ(open.size, 2);
    EXPECT_EQ(open.address, "127.0.0.1");
    EXPECT_EQ(open.port, 29500);
    const Launch mpich = read({{"PMI_RANK", "5"}, {"PMI_SIZE", "6"}, {"MASTER_ADDR", "10.0.0.1"}});
    EXPECT_EQ(mpich.rank, 5);
    EXPECT_EQ(mpich.size, 6);
    EXPECT_EQ(mpich.address, "10.0.0.1");
    EXPECT_NE(refusal({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}}).find("MASTER_ADDR"),
              std::string::npos);
}

TEST(Launch, Slurm) {
    const Environment step = {{"SLURM_PROCID", "2"},
                              {"SLURM_STEP_NUM_TASKS", "4"},
                              {"SLURM_LOCALID", "0"},
                              {"SLURM_STEP_TASKS_PER_NODE", "2(x2)"},
                              {"SLURM_STEP_NODELIST", "gpu[07-08]"},
                              {"SLURM_JOB_ID", "4711"}};
    const Launch launch = read(step);
    EXPECT_EQ(launch.rank, 2);
    EXPECT_EQ(launch.size, 4);
    EXPECT_EQ(launch.local_size, 2);
    EXPECT_EQ(launch.address, "gpu07");
    EXPECT_EQ(launch.port, 29500 + 711);
    // In a batch script, outside of any step.
    EXPECT_EQ(read({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}).size, 1);
}

TEST(Launch, MixturesOfPmiAndSlurm) {
    const Environment slurm = {{"SLURM_PROCID", "2"},
                               {"SLURM_STEP_NUM_TASKS", "4"},
                               {"SLURM_LOCALID", "0"},
                               {"SLURM_STEP_TASKS_PER_NODE", "2(x2)"},
                               {"SLURM_STEP_NODELIST", "gpu[07-08]"},
                               {"SLURM_JOB_ID", "4711"}};
    Environment both = slurm;  // srun --mpi=pmi2
    both.insert({{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}});
    const Launch step = read(both);
    EXPECT_EQ(step.rank, 2);
    EXPECT_EQ(step.local_size, 2);
    EXPECT_EQ(step.address, "gpu07");
    EXPECT_EQ(step.port, 29500 + 711);
    // mpirun in a job: srun started one helper per machine, and these the processes.
    Environment mpirun = slurm;
    mpirun["SLURM_PROCID"] = "1";
    mpirun["SLURM_STEP_NUM_TASKS"] = "2";
    mpirun.insert({{"PMI_RANK", "5"},
                   {"PMI_SIZE", "8"},
                   {"MPI_LOCALRANKID", "1"},
                   {"MPI_LOCALNRANKS", "4"},
                   {"MASTER_ADDR", "gpu07"}});
    const Launch process = read(mpirun);
    EXPECT_EQ(process.rank, 5);
    EXPECT_EQ(process.size, 8);
    EXPECT_EQ(process.local_rank, 1);
    EXPECT_EQ(process.local_size, 4);
    // Open MPI's and torchrun's own variables go before Slurm's.
    Environment open = both;
    open.insert({{"OMPI_COMM_WORLD_RANK", "3"},
                 {"OMPI_COMM_WORLD_SIZE", "6"},
                 {"OMPI_COMM_WORLD_LOCAL_RANK", "3"},
                 {"OMPI_COMM_WORLD_LOCAL_SIZE", "6"}});
    EXPECT_EQ(read(open).size, 6);
    open.insert({{"RANK", "1"}, {"WORLD_SIZE", "3"}, {"MASTER_ADDR", "head"}});
    EXPECT_EQ(read(open).size, 3);
    // A batch script's leftovers, outside of any step, are no Slurm step.
    const Launch script = read({{"SLURM_PROCID", "0"},
                                {"SLURM_NTASKS", "4"},
                                {"PMI_RANK", "1"},
                                {"PMI_SIZE", "2"},
                                {"MASTER_ADDR", "a"}});
    EXPECT_EQ(script.size, 2);
}

TEST(Launch, NoneMeansAlone) {
    EXPECT_EQ(read({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"RANVIER_LAUNCHER", "none"}}).size, 1);
    EXPECT_NE(refusal({{"RANVIER_LAUNCHER", "ssh"}}).find("'none'"), std::string::npos);
}

TEST(Launch, UnusableValuesAreNamed) {
    EXPECT_NE(refusal({{"RANK", "2"}, {"WORLD_SIZE", "2"}}).find("RANK is '2'"), std::string::npos);
    EXPECT_NE(refusal({{"RANK", "x"}, {"WORLD_SIZE", "2"}}).find("0 to 1"), std::string::npos);
    EXPECT_NE(refusal({{"RANK", "0"}, {"WORLD_SIZE", "0"}}).find("WORLD_SIZE"), std::string::npos);
    EXPECT_NE(
        refusal(
            {{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "99999"}})
            .find("MASTER_PORT"),
        std::string::npos);
    EXPECT_NE(refusal({{"RANVIER_PATIENCE", "1"}}).find("5 to 86400"), std::string::npos);
}

TEST(Launch, FirstHostOfASlurmList) {
    EXPECT_EQ(first_host("node"), "node");
    EXPECT_EQ(first_host("a,b"), "a");
    EXPECT_EQ(first_host("a,b[1-2]"), "a");
    EXPECT_EQ(first_host("n[003-007,12],other"), "n003");
    EXPECT_EQ(first_host("n[5,7]-ib,other"), "n5-ib");
    EXPECT_EQ(first_host("n[5]"), "n5");
    EXPECT_EQ(first_host("n[5"), "");
    EXPECT_EQ(first_host(""), "");
}

TEST(PartOf, PartsFollowOneAnotherAndCoverAll) {
    testing::check_property("parts cover all", [] {
        const auto n = *rc::gen::inRange<std::size_t>(0, 1000);
        const auto block = *rc::gen::inRange<std::size_t>(1, 70);
        const auto size = *rc::gen::inRange(1, 9);
        std::size_t at = 0;
        const std::size_t largest = part_of(n, block, 0, size).second;
        for (int rank = 0; rank < size; ++rank) {
            const auto [begin, end] = part_of(n, block, rank, size);
            RC_ASSERT(begin == at);
            RC_ASSERT(end >= begin);
            RC_ASSERT(end - begin <= largest);
            RC_ASSERT(end == n || end % block == 0);
            at = end;
        }
        RC_ASSERT(at == n);
    });
    EXPECT_EQ(part_of(7, 1, 0, 2), std::pair(std::size_t{0}, std::size_t{4}));
    EXPECT_EQ(part_of(7, 1, 1, 2), std::pair(std::size_t{4}, std::size_t{7}));
}

}  // namespace
}  // namespace ranvier
