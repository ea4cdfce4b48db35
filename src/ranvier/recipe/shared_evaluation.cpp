#include "ranvier/recipe/shared_evaluation.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/subset_samples.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/ranges.h>

namespace ranvier {

namespace {

constexpr std::size_t block = 32;
static_assert(block % FloatOptions{}.batch == 0, "else batches would differ from one process's");

SubsetSamples own_part(const std::shared_ptr<const Samples>& samples,
                       const ProcessGroup& processes) {
    const auto [begin, end] = part_of(samples->size(), block, processes.rank(), processes.size());
    return {samples, end - begin, begin};
}

double slowest(double seconds, ProcessGroup& processes) {
    std::vector<double> all(static_cast<std::size_t>(processes.size()));
    all[static_cast<std::size_t>(processes.rank())] = seconds;
    processes.sum(all);
    return *std::max_element(all.begin(), all.end());
}

/// All lists of counts of a result, in one order.
std::vector<std::vector<std::uint64_t>*> lists_of(SimulationResult& result) {
    std::vector<std::vector<std::uint64_t>*> lists = {&result.correct_after, &result.exits_after,
                                                      &result.cost_at};
    for (std::vector<std::uint64_t>& layer : result.spikes) lists.push_back(&layer);
    return lists;
}

/// The form of process 0's result, "steps latency length length ...": the last process has no
/// samples where there are few, and cannot know it.
std::string form_of(SimulationResult& result) {
    std::vector<std::size_t> lengths;
    for (const auto* list : lists_of(result)) lengths.push_back(list->size());
    return fmt::format("{} {} {}", result.steps, result.latency, fmt::join(lengths, " "));
}

void take_form(const std::string& form, SimulationResult& result) {
    std::vector<std::size_t> numbers;
    const char* const end = form.data() + form.size();
    for (const char* at = form.data(); at < end; ++at) {
        std::size_t number = 0;
        at = std::from_chars(at, end, number).ptr;
        numbers.push_back(number);
    }
    result.steps = static_cast<int>(numbers.at(0));
    result.latency = static_cast<int>(numbers.at(1));
    result.spikes.resize(numbers.size() - 5);  // behind steps, latency and three lists
    const auto lists = lists_of(result);
    for (std::size_t k = 0; k < lists.size(); ++k) lists[k]->resize(numbers[k + 2]);
}

void sum_counts(SimulationResult& result, ProcessGroup& processes) {
    const std::string own = form_of(result), form = processes.from_first(own);
    if (result.samples > 0 && own != form)
        fail(Fault::internal, "evaluate: process {} counted in another form than process 0",
             processes.rank());
    take_form(form, result);
    std::vector<std::uint64_t> flat = {result.samples};
    for (const auto* list : lists_of(result)) flat.insert(flat.end(), list->begin(), list->end());
    processes.sum(flat);
    result.samples = flat[0];
    auto from = flat.begin() + 1;
    for (auto* list : lists_of(result)) {
        const auto to = from + static_cast<std::ptrdiff_t>(list->size());
        list->assign(from, to);
        from = to;
    }
}

}  // namespace

FloatResult evaluate_float_shared(const Network& network,
                                  const std::shared_ptr<const Samples>& samples,
                                  const FloatOptions& options, Progress& progress,
                                  ProcessGroup& processes) {
    if (processes.size() == 1 || options.keep_logits)
        return evaluate_float(network, *samples, options, progress);
    const SubsetSamples part = own_part(samples, processes);
    FloatResult result;
    if (part.size() > 0) result = evaluate_float(network, part, options, progress);
    std::vector<std::uint64_t> counts = {result.samples, result.correct};
    processes.sum(counts);
    result.samples = counts[0];
    result.correct = counts[1];
    result.seconds = slowest(result.seconds, processes);
    return result;
}

SimulationResult run_shared(const SpikingEngine& engine,
                            const std::shared_ptr<const Samples>& samples,
                            const SimulationOptions& options, Progress& progress,
                            ProcessGroup& processes) {
    if (processes.size() == 1 || options.keep_logits)
        return engine.run(*samples, options, progress);
    const SubsetSamples part = own_part(samples, processes);
    SimulationOptions own = options;
    own.first_sample += part_of(samples->size(), block, processes.rank(), processes.size()).first;
    SimulationResult result;
    if (part.size() > 0) result = engine.run(part, own, progress);
    sum_counts(result, processes);
    result.seconds = slowest(result.seconds, processes);
    return result;
}

}  // namespace ranvier
