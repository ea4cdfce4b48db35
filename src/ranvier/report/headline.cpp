#include "ranvier/report/headline.hpp"

#include "ranvier/report/page_evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

namespace ranvier {

namespace {

using Json = nlohmann::ordered_json;

/// @param weights  that the reference must have; empty: any.
bool comparable(const Json& evaluation, const Json& reference, const std::string& weights) {
    const double a = evaluation.value("float_macs_per_sample", -1.0);
    const double b = reference.value("float_macs_per_sample", -2.0);
    return is_float(reference) && evaluation["data"] == reference["data"] &&
           (weights.empty() || weights_of(reference) == weights) &&
           std::abs(a - b) <= 1e-9 * std::abs(a);
}

/// How much a result's data tell, more is better: a float network beside it, test split, samples.
using Footing = std::tuple<bool, bool, double>;

/// Orders results on the same footing, more is better: accuracy, less energy.
using Gain = std::tuple<double, double>;

struct Candidate {
    std::size_t place = 0;
    Footing footing;
    Gain gain;
};

Candidate candidate(std::size_t place, const Json& evaluations) {
    constexpr double unknown = 1e300;  // pJ: worse than any energy
    const Json& one = evaluations[place];
    return {place,
            {reference_in(one, evaluations).has_value(), one.value("split", "") == "test",
             positive(one, "samples").value_or(0)},
            {one["accuracy"].get<double>(), -positive(one, "energy_pj").value_or(unknown)}};
}

/// The last that was not attacked, else the last.
std::optional<Headline> last_of(const Json& evaluations) {
    for (std::size_t e = evaluations.size(); e-- > 0;)
        if (!attacked(evaluations[e])) return Headline{e, 0};
    if (evaluations.empty()) return {};
    return Headline{evaluations.size() - 1, 0};
}

}  // namespace

std::optional<Headline> headline_in(const Json& evaluations) {
    std::vector<Candidate> candidates;
    for (std::size_t e = 0; e < evaluations.size(); ++e)
        if (!is_float(evaluations[e]) && !attacked(evaluations[e]))
            candidates.push_back(candidate(e, evaluations));
    if (candidates.empty()) return last_of(evaluations);
    const Candidate& best = *std::ranges::max_element(
        candidates, std::less<>(),
        [](const Candidate& one) { return std::tuple(one.footing, one.gain); });
    const auto rivals = std::ranges::count_if(candidates, [&](const Candidate& one) {
        return one.footing == best.footing &&
               evaluations[one.place]["data"] == evaluations[best.place]["data"];
    });
    return Headline{best.place, static_cast<std::size_t>(rivals)};
}

std::optional<std::size_t> reference_in(const Json& evaluation, const Json& evaluations) {
    for (const char* weights : {"float32", ""})
        for (std::size_t e = 0; e < evaluations.size(); ++e)
            if (comparable(evaluation, evaluations[e], weights)) return e;
    return {};
}

}  // namespace ranvier
