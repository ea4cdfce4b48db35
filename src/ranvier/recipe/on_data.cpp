// The stages on data sets by name: opening them is all that is added to on_samples.hpp.
#include "ranvier/recipe/on_samples.hpp"

namespace ranvier {

namespace {

DataOptions fitting(DataOptions data, const Network& network) {
    data.shape = network.input().shape;
    return data;
}

}  // namespace

EvaluationResult run_evaluate(const Network& network, const EvaluateRequest& request,
                              const RunContext& context) {
    return evaluate_samples(network, open_dataset(fitting(request.data, network)), request,
                            context);
}

ConvertOutcome run_convert(const Network& network, const ConvertRequest& request,
                           const RunContext& context) {
    const std::unique_ptr<Samples> samples = open_dataset(fitting(request.data, network));
    return convert_samples(network, *samples, request, context);
}

}  // namespace ranvier
