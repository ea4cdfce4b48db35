#include "ranvier/cli/shared_options.hpp"

#include "ranvier/base/parallel.hpp"

#include <algorithm>
#include <cstdio>

namespace ranvier {

void DataArguments::add_to(CLI::App& command, Split default_split, bool required) {
    split = name_of(default_split);
    command
        .add_option(
            "--data", set,
            "mnist, fashion-mnist, cifar10, cifar100, cifar10:FILE_OR_DIR, "
            "cifar100:FILE_OR_DIR, images:DIR, text:CORPUS (r8, r52, mr, ohsumed, 20ng), or "
            "digits (drawn by the program)")
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
}

DataOptions DataArguments::options(std::size_t limit, std::uint64_t seed) const {
    DataOptions data;
    data.set = set;
    data.root = root;
    data.split = value_named<Split>(split, "--split");
    data.resize = resize;
    data.limit = limit;
    data.seed = seed;
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
