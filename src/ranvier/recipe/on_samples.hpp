#pragma once

#include "ranvier/recipe/conversion.hpp"
#include "ranvier/recipe/stages.hpp"

#include <memory>

namespace ranvier {

/// run_evaluate on samples that the caller has, whatever request.data says (it goes into the
/// result). Programs that call this link none of the readers of data sets.
/// @param logits  if not null, receives [samples][n_out].
/// @throws Error as run_evaluate, but for opening the data.
[[nodiscard]] EvaluationResult evaluate_samples(const Network& network,
                                                const std::shared_ptr<const Samples>& samples,
                                                const EvaluateRequest& request,
                                                const RunContext& context,
                                                Tensor* logits = nullptr);

/// run_convert with `samples` to calibrate on; request.data is not used.
/// @throws Error as run_convert, but for opening the data.
[[nodiscard]] ConvertOutcome convert_samples(const Network& network, const Samples& samples,
                                             const ConvertRequest& request,
                                             const RunContext& context);

}  // namespace ranvier
