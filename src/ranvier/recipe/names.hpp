#pragma once

#include "ranvier/base/error.hpp"
#include "ranvier/convert/convert.hpp"
#include "ranvier/convert/presets.hpp"
#include "ranvier/data/dataset.hpp"
#include "ranvier/energy/crossbar.hpp"
#include "ranvier/energy/ledger.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/net/architectures.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/stdp/prune.hpp"
#include "ranvier/stdp/readout.hpp"
#include "ranvier/train/attack.hpp"
#include "ranvier/train/trainer.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

/// The candidate with the fewest insertions, deletions, replacements and swaps of neighbors from
/// `word`; empty if there is none within half the word's length.
[[nodiscard]] std::string nearest_name(std::string_view word,
                                       const std::vector<std::string>& candidates);

/// "; did you mean 'epochs'?" or, if nothing is near, "; known: epochs, batch".
[[nodiscard]] std::string suggestion(std::string_view word,
                                     const std::vector<std::string>& candidates);

/// The words by which options of recipes and of the command line name an enumerator.
template <typename T>
struct NameOf {
    const char* name;
    T value;
};

inline constexpr std::array<NameOf<Coding>, 2> names_of(Coding) {
    return {{{"rate", Coding::rate}, {"one_spike", Coding::one_spike}}};
}
inline constexpr std::array<NameOf<Granularity>, 2> names_of(Granularity) {
    return {{{"channel", Granularity::channel}, {"layer", Granularity::layer}}};
}
inline constexpr std::array<NameOf<PercentileMethod>, 2> names_of(PercentileMethod) {
    return {{{"histogram", PercentileMethod::histogram}, {"exact", PercentileMethod::exact}}};
}
inline constexpr std::array<NameOf<Reset>, 2> names_of(Reset) {
    return {{{"subtract", Reset::subtract}, {"zero", Reset::zero}}};
}
inline constexpr std::array<NameOf<Propagation>, 2> names_of(Propagation) {
    return {{{"same_step", Propagation::same_step}, {"delayed", Propagation::delayed}}};
}
inline constexpr std::array<NameOf<Placement>, 2> names_of(Placement) {
    return {{{"weights", Placement::weights}, {"thresholds", Placement::thresholds}}};
}
inline constexpr std::array<NameOf<MaxRule>, 2> names_of(MaxRule) {
    return {{{"running_count", MaxRule::running_count}, {"current_step", MaxRule::current_step}}};
}
inline constexpr std::array<NameOf<MaxPools>, 2> names_of(MaxPools) {
    return {{{"lowered", MaxPools::lowered}, {"between_neurons", MaxPools::between_neurons}}};
}
inline constexpr std::array<NameOf<InputCoding>, 4> names_of(InputCoding) {
    return {{{"direct", InputCoding::direct},
             {"binary_phase", InputCoding::binary_phase},
             {"one_spike_phase", InputCoding::one_spike_phase},
             {"poisson", InputCoding::poisson}}};
}
inline constexpr std::array<NameOf<WeightKind>, 2> names_of(WeightKind) {
    return {{{"float32", WeightKind::float32}, {"int8", WeightKind::int8}}};
}
inline constexpr std::array<NameOf<WeightScale>, 2> names_of(WeightScale) {
    return {{{"channel", WeightScale::channel}, {"tensor", WeightScale::tensor}}};
}
inline constexpr std::array<NameOf<ScaleRule>, 2> names_of(ScaleRule) {
    return {{{"maximum", ScaleRule::maximum}, {"squared_error", ScaleRule::squared_error}}};
}
inline constexpr std::array<NameOf<Split>, 2> names_of(Split) {
    return {{{"train", Split::train}, {"test", Split::test}}};
}
inline constexpr std::array<NameOf<ImageFilter>, 3> names_of(ImageFilter) {
    return {{{"none", ImageFilter::none},
             {"inverted", ImageFilter::inverted},
             {"edges", ImageFilter::edges}}};
}
inline constexpr std::array<NameOf<Polarity>, 5> names_of(Polarity) {
    return {{{"ignore", Polarity::ignore},
             {"on", Polarity::on},
             {"off", Polarity::off},
             {"two_channels", Polarity::two_channels},
             {"signed", Polarity::signed_sum}}};
}
inline constexpr std::array<NameOf<CrossbarScheme>, 4> names_of(CrossbarScheme) {
    return {{{"differential", CrossbarScheme::differential},
             {"dummy_column", CrossbarScheme::dummy_column},
             {"plain", CrossbarScheme::plain},
             {"xnor", CrossbarScheme::xnor}}};
}
inline constexpr std::array<NameOf<LeakyForm>, 2> names_of(LeakyForm) {
    return {{{"conductance", LeakyForm::conductance}, {"current", LeakyForm::current}}};
}
inline constexpr std::array<NameOf<PruneKind>, 3> names_of(PruneKind) {
    return {{{"none", PruneKind::none},
             {"permanent", PruneKind::permanent},
             {"soft", PruneKind::soft}}};
}
inline constexpr std::array<NameOf<Readout>, 2> names_of(Readout) {
    return {{{"mean_rate", Readout::mean_rate}, {"proportion", Readout::proportion}}};
}
inline constexpr std::array<NameOf<FirstLayer>, 2> names_of(FirstLayer) {
    return {{{"once", FirstLayer::once}, {"per_step", FirstLayer::per_step}}};
}
inline constexpr std::array<NameOf<OptimizerKind>, 2> names_of(OptimizerKind) {
    return {{{"sgd", OptimizerKind::sgd}, {"adam", OptimizerKind::adam}}};
}
inline constexpr std::array<NameOf<ScheduleKind>, 4> names_of(ScheduleKind) {
    return {{{"constant", ScheduleKind::constant},
             {"step", ScheduleKind::step},
             {"cosine", ScheduleKind::cosine},
             {"one_cycle", ScheduleKind::one_cycle}}};
}
inline constexpr std::array<NameOf<Precision>, 2> names_of(Precision) {
    return {{{"float32", Precision::float32}, {"bfloat16", Precision::bfloat16}}};
}
inline constexpr std::array<NameOf<DeviceKind>, 2> names_of(DeviceKind) {
    return {{{"cpu", DeviceKind::cpu}, {"cuda", DeviceKind::cuda}}};
}

inline constexpr std::array<NameOf<BinaryWeights>, 2> names_of(BinaryWeights) {
    return {{{"none", BinaryWeights::none}, {"inner", BinaryWeights::inner}}};
}
inline constexpr std::array<NameOf<SynopPenalty>, 3> names_of(SynopPenalty) {
    return {{{"none", SynopPenalty::none},
             {"fan_out", SynopPenalty::fan_out},
             {"activations", SynopPenalty::activations}}};
}
inline constexpr std::array<NameOf<Thresholds>, 3> names_of(Thresholds) {
    return {{{"measured", Thresholds::measured},
             {"one", Thresholds::one},
             {"input_current", Thresholds::input_current}}};
}
inline constexpr std::array<NameOf<ConvertPreset>, 4> names_of(ConvertPreset) {
    return {{{"none", ConvertPreset::none},
             {"hybrid", ConvertPreset::hybrid},
             {"diet", ConvertPreset::diet},
             {"iir", ConvertPreset::iir}}};
}
inline constexpr std::array<NameOf<SurrogateKind>, 3> names_of(SurrogateKind) {
    return {{{"linear", SurrogateKind::linear},
             {"stdb", SurrogateKind::stdb},
             {"exponential", SurrogateKind::exponential}}};
}
inline constexpr std::array<NameOf<AttackMethod>, 2> names_of(AttackMethod) {
    return {{{"fgsm", AttackMethod::fgsm}, {"pgd", AttackMethod::pgd}}};
}
inline constexpr std::array<NameOf<SpikeGradient>, 3> names_of(SpikeGradient) {
    return {{{"auto", SpikeGradient::automatic},
             {"through_time", SpikeGradient::through_time},
             {"rate", SpikeGradient::rate}}};
}
inline constexpr std::array<NameOf<PoolStyle>, 5> names_of(PoolStyle) {
    return {{{"own", PoolStyle::own},
             {"average_before_relu", PoolStyle::average_before_relu},
             {"average_after_relu", PoolStyle::average_after_relu},
             {"max_before_relu", PoolStyle::max_before_relu},
             {"max_after_relu", PoolStyle::max_after_relu}}};
}
/// The neurons that a recipe can name.
inline constexpr std::array<NameOf<NeuronKind>, 6> names_of(NeuronKind) {
    return {{{"integrate_fire", NeuronKind::integrate_fire},
             {"leaky_delayed", NeuronKind::leaky_delayed},
             {"leaky_same_step", NeuronKind::leaky_same_step},
             {"multi_spike", NeuronKind::multi_spike},
             {"relu", NeuronKind::relu},
             {"quantized_relu", NeuronKind::quantized_relu}}};
}

/// How operations are priced: 45 nm constants for float or for 8-bit integers.
enum class EnergyKind {
    automatic,             ///< int8 where all weights are int8, else fp32
    fp32,                  ///< MAC 4.6 pJ, AC 0.9
    int8,                  ///< MAC 0.23 pJ, AC 0.03
    int8_multiplier_only,  ///< MAC 0.20 pJ, AC 0.03
};
inline constexpr std::array<NameOf<EnergyKind>, 4> names_of(EnergyKind) {
    return {{{"auto", EnergyKind::automatic},
             {"fp32", EnergyKind::fp32},
             {"int8", EnergyKind::int8},
             {"int8_multiplier_only", EnergyKind::int8_multiplier_only}}};
}

inline constexpr std::array<NameOf<Tuning>, 5> names_of(Tuning) {
    return {{{"none", Tuning::none},
             {"bias", Tuning::bias},
             {"scale", Tuning::scale},
             {"base", Tuning::base},
             {"weights", Tuning::weights}}};
}

inline constexpr std::array<NameOf<ExitRule::Kind>, 3> names_of(ExitRule::Kind) {
    return {{{"none", ExitRule::Kind::none},
             {"maximum", ExitRule::Kind::maximum},
             {"margin", ExitRule::Kind::margin}}};
}
inline constexpr std::array<NameOf<EngineKind>, 4> names_of(EngineKind) {
    return {{{"auto", EngineKind::automatic},
             {"reference", EngineKind::reference},
             {"phase", EngineKind::phase},
             {"fast", EngineKind::fast}}};
}

template <typename T>
[[nodiscard]] std::string name_of(T value) {
    for (const auto& entry : names_of(T{}))
        if (entry.value == value) return entry.name;
    return "?";
}

template <typename T>
[[nodiscard]] std::vector<std::string> all_names() {
    std::vector<std::string> names;
    for (const auto& entry : names_of(T{})) names.emplace_back(entry.name);
    return names;
}

/// @param where  what the word was given for; stands in the message.
/// @throws Error(bad_input) with the nearest known name.
template <typename T>
[[nodiscard]] T value_named(const std::string& word, const std::string& where) {
    for (const auto& entry : names_of(T{}))
        if (word == entry.name) return entry.value;
    fail(Fault::bad_input, "{}: '{}' is not known{}", where, word,
         suggestion(word, all_names<T>()));
}

/// The base of a one-spike code: a number in (1, 16], or "auto", which is 0 (ConvertOptions::base).
/// @throws Error(bad_input) for anything else.
[[nodiscard]] float base_named(const std::string& word, const std::string& where);

}  // namespace ranvier
